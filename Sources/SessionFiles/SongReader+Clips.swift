internal import Quantities
internal import Session

extension SongReader {
    func clips(_ track: Fields) -> [Clip] {
        let items = track.list("clips")
        clipCount += items.count
        guard clipCount <= SessionLimits.clips else {
            scope.report(
                "this song has more than \(SessionLimits.clips) clips", remedy: "split the song",
                at: track.place(of: "clips"))
            return []
        }
        return items.compactMap { item in Fields(item, Schema.clip, scope).flatMap(clip) }
    }

    private func clip(_ fields: Fields) -> Clip? {
        let at = fields.frames("at", times)
        let gain = gain(fields, "gain")
        let fadeIn = fields.frames("fade-in", times)
        let fadeOut = fields.frames("fade-out", times)
        let shape = fields.choice("shape", as: Clip.FadeShape.self)
        let length = fields.frames("length", times)
        let source = fields.text("file").flatMap { self.source($0, at: fields.place(of: "file")) }
        // Without the file's rate, only the form of the offset can be checked.
        var offsets = times
        if let source { offsets.rateHertz = sourceFile(source).rateHertz }
        let start = fields.frames("start", offsets)
        guard let source, let at, let start, let fadeIn, let fadeOut, let shape else { return nil }
        if fields.has("length"), length == nil { return nil }
        guard let frameCount = frameCount(fields, sourceFile(source), start, length) else { return nil }
        if fadeIn + fadeOut > frameCount {
            let isIn = fadeIn > frameCount || !fields.has("fade-out")
            let which = fields.has("fade-in") && fields.has("fade-out") ? "the fades are" : "the fade is"
            scope.report(
                "\(which) longer than the clip, which is \(Self.duration(frameCount, times.rateHertz))",
                remedy: "shorten \(which == "the fade is" ? "it" : "them")",
                at: fields.place(of: isIn ? "fade-in" : "fade-out"))
        }
        return Clip(
            source: source, atFrame: at, startFrame: start, frameCount: frameCount, gain: gain,
            fadeInFrames: fadeIn,
            fadeOutFrames: fadeOut, fadeShape: shape)
    }

    /// The length as written, or the rest of the file; nil (reported) past the file's end.
    private func frameCount(_ fields: Fields, _ file: SourceFile, _ start: Int, _ length: Int?) -> Int? {
        let name = Files.name(of: file.path)
        let whole = Self.duration(file.frameCount, file.rateHertz)
        let available = file.songFrames(from: start, songRateHertz: times.rateHertz)
        guard available > 0 else {
            scope.report(
                "the clip starts at or after the end of \(name), which is \(whole) long",
                remedy: "use a smaller `start`",
                at: fields.place(of: "start"))
            return nil
        }
        guard let length else { return available }
        if length == 0 {
            scope.report(
                "the clip has no length", remedy: "use a length above 0", at: fields.place(of: "length"))
            return nil
        }
        if length > available {
            let excess = Self.duration(length - available, times.rateHertz)
            let longest = Self.duration(available, times.rateHertz, roundsUp: false)
            scope.report(
                "the clip ends \(excess) past the end of \(name), which is \(whole) long",
                remedy:
                    "use at most \(longest), or remove `length`",
                at: fields.place(of: "length"))
            return nil
        }
        return length
    }

    /// Seconds with three decimals, or samples where that would read as nothing.
    static func duration(_ frames: Int, _ rateHertz: Int, roundsUp: Bool = true) -> String {
        let scaled = frames * 1000
        let milliseconds = roundsUp ? (scaled + rateHertz / 2) / rateHertz : scaled / rateHertz
        if milliseconds < 1 { return frames == 1 ? "1 sample" : "\(frames) samples" }
        let thousandths = String(milliseconds % 1000 + 1000).dropFirst()
        return "\(milliseconds / 1000).\(thousandths) s"
    }
}
