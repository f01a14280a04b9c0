internal import Quantities
internal import Session

extension SongComparison {
    mutating func compareClips(_ original: [Clip], _ y: [Clip], _ item: SessionChange.Item) {
        let x = original.map(inLaterFrames)
        if x == y, files.isIdentity { return }
        let pairing = pairing(x, y)
        let count = max(x.count, y.count)
        for index in pairing.onlyA {
            let clip = x[index]
            let place = TimeText.clock(clip.atFrame, rateHertz: b.rateHertz)
            add(
                .removed, item, "", from: "\(before.fileName(of: clip.source)) at \(place)", to: nil,
                part: label(index, index, before.fileName(of: clip.source), of: count), stretches: [extent(clip)],
                .init("", "removed at \(place)", countedAs: "clip", countedVerb: "removed"))
        }
        for index in pairing.onlyB {
            let clip = y[index]
            let place = TimeText.clock(clip.atFrame, rateHertz: b.rateHertz)
            let length = TimeText.duration(clip.frameCount, rateHertz: b.rateHertz)
            let file = after.fileName(of: clip.source)
            add(
                .added, item, "", from: nil, to: "\(file) at \(place)",
                part: label(index, index, file, of: count), stretches: [extent(clip)],
                .init("", "added at \(place), \(length) long", countedAs: "clip", countedVerb: "added"))
        }
        for (i, j) in pairing.pairs { compare(x[i], y[j], item, label(i, j, label(x[i], y[j]), of: count)) }
        if zip(pairing.pairs, pairing.pairs.dropFirst()).contains(where: { $1.b < $0.b }) {
            add(.moved, item, "order of clips", from: nil, to: nil, .init("order of clips", "changed"))
        }
    }

    private func label(_ x: Clip, _ y: Clip) -> String {
        // Of a replaced clip the new name is in the change.
        isSameFile(x, y) ? after.fileName(of: y.source) : ""
    }

    /// "clip", "clip 2 (vox.wav)".
    private func label(_ i: Int, _ j: Int, _ file: String, of count: Int) -> String {
        guard count > 1 else { return "clip" }
        let number = i == j ? "clip \(j + 1)" : "clip \(j + 1), was \(i + 1)"
        return file.isEmpty ? number : "\(number) (\(file))"
    }

    private func inLaterFrames(_ clip: Clip) -> Clip {
        guard a.rateHertz != b.rateHertz else { return clip }
        var clip = clip
        clip.atFrame = inLaterFrames(clip.atFrame)
        clip.frameCount = inLaterFrames(clip.frameCount)
        clip.fadeInFrames = inLaterFrames(clip.fadeInFrames)
        clip.fadeOutFrames = inLaterFrames(clip.fadeOutFrames)
        return clip
    }

    private func isSameFile(_ x: Clip, _ y: Clip) -> Bool { later(x.source, files) == y.source }

    private func extent(_ clip: Clip) -> SessionChange.Stretch {
        stretch(clip.atFrame, clip.atFrame + clip.frameCount)
    }

    // MARK: Matching

    /// What a clip is known by; its file as the later song counts it.
    private struct Identity: Hashable {
        var source: Int
        var at: Int
        var start: Int
        var count: Int
    }

    private func pairing(_ x: [Clip], _ y: [Clip]) -> Pairing {
        var pairing = Pairing(x.count, y.count)
        let sources = x.map { later($0.source, files) ?? -1 - $0.source }
        let whole = { (clip: Clip, source: Int) in
            Identity(source: source, at: clip.atFrame, start: clip.startFrame, count: clip.frameCount)
        }
        let plain = zip(x, sources).map { whole($0, $1) }
        let wanted = y.map { whole($0, $0.source) }
        let moved = x.indices.map { index -> Identity? in
            guard let at = atLaterTempo(x[index].atFrame), let count = atLaterTempo(x[index].frameCount) else {
                return nil
            }
            return Identity(source: sources[index], at: at, start: x[index].startFrame, count: count)
        }
        // A loop's hit may lie where another one was at the other tempo: what explains more comes first.
        let known = Set(wanted)
        let isTempoFirst = moved.count { $0.map(known.contains) ?? false } > plain.count(where: known.contains)
        pairing.pairEqual(isTempoFirst ? moved : plain, wanted)
        pairing.pairEqual(isTempoFirst ? plain : moved, wanted)
        // The places among what is left: of a hundred hits moved alike each is its neighbour's neighbour.
        let (freeA, freeB) = (pairing.onlyA, pairing.onlyB)
        guard freeA.count * freeB.count <= 90_000 else {
            let stretch = { (clip: Clip, source: Int) in
                Identity(source: source, at: 0, start: clip.startFrame, count: 0)
            }
            pairing.pairEqual(zip(x, sources).map { stretch($0, $1) }, y.map { stretch($0, $0.source) })
            pairing.pairEqual(sources, y.map(\.source))
            pairing.finish()
            return pairing
        }
        var ranksA = [Int](repeating: 0, count: x.count)
        var ranksB = [Int](repeating: 0, count: y.count)
        for (rank, index) in freeA.enumerated() { ranksA[index] = rank }
        for (rank, index) in freeB.enumerated() { ranksB[index] = rank }
        let usesRanks = freeA.count == freeB.count
        pairing.pairBest(
            score: { i, j in score(x[i], y[j], isSameFile: sources[i] == y[j].source) },
            distance: { i, j in usesRanks ? abs(ranksA[i] - ranksB[j]) : abs(x[i].atFrame - y[j].atFrame) })
        pairing.finish()
        return pairing
    }

    private func score(_ x: Clip, _ y: Clip, isSameFile: Bool) -> Int? {
        let (endX, endY) = (x.atFrame + x.frameCount, y.atFrame + y.frameCount)
        let common = min(endX, endY) - max(x.atFrame, y.atFrame)
        let overlaps = common > 0 && common * 2 >= max(x.frameCount, y.frameCount)
        // Another file in its place, not another clip near by.
        let (isSameStart, isSameEnd) = (isSamePlace(x.atFrame, y.atFrame), isSamePlace(endX, endY))
        let isSameLength = isSamePlace(x.frameCount, y.frameCount)
        guard isSameFile || isSameStart || (overlaps && (isSameEnd || isSameLength)) else { return nil }
        return (isSameFile ? 8 : 0) + (isSameStart ? 4 : 0) + (x.startFrame == y.startFrame ? 2 : 0)
            + (isSameLength ? 2 : 0) + (isSameEnd ? 2 : 0) + (overlaps ? 1 : 0)
    }

    // MARK: One clip

    private mutating func compare(_ x: Clip, _ y: Clip, _ item: SessionChange.Item, _ part: String) {
        let isSameFile = isSameFile(x, y)
        if x == y, isSameFile { return }
        let count = changes.count
        if !isSameFile {
            let (from, to) = (before.fileName(of: x.source), after.fileName(of: y.source))
            let paths = (pathName(x.source, before), pathName(y.source, after))
            add(
                .changed, item, "file", from: paths.0, to: paths.1, part: part,
                stretches: unique([extent(x), extent(y)]),
                .init("", from == to ? "replaced by \(paths.1), was \(paths.0)" : "replaced by \(to), was \(from)"))
        }
        comparePlaces(x, y, item, part)
        if x.gain != y.gain {
            let unit = WrittenUnit.decibels
            let difference = unit.difference(x.gain.value, y.gain.value)
            add(
                .changed, item, "gain", from: unit.text(x.gain.value), to: unit.text(y.gain.value), part: part,
                stretches: [extent(y)],
                .init(
                    "gain", unit.change(x.gain.value, y.gain.value), difference: difference, countedAs: "clip",
                    countedVerb: difference == nil ? "" : "gain", countedAmount: difference ?? ""))
        }
        let end = y.atFrame + y.frameCount
        let longestOut = max(x.fadeOutFrames, y.fadeOutFrames)
        compareFade(
            "fade-in", x.fadeInFrames, y.fadeInFrames, item, part,
            stretch(y.atFrame, y.atFrame + max(x.fadeInFrames, y.fadeInFrames)))
        compareFade(
            "fade-out", x.fadeOutFrames, y.fadeOutFrames, item, part,
            stretch(max(y.atFrame, end - longestOut), end))
        if x.fadeShape != y.fadeShape {
            let (from, to) = (x.fadeShape.rawValue, y.fadeShape.rawValue)
            add(
                .changed, item, "shape", from: from, to: to, part: part, stretches: [extent(y)],
                isHeard: y.fadeInFrames + y.fadeOutFrames > 0,
                .init(
                    "shape of fades", "\(from) to \(to)", countedAs: "clip", countedVerb: "shape of fades",
                    countedAmount: to))
        }
        var rest = x
        rest.source = y.source
        rest.atFrame = y.atFrame
        rest.startFrame = y.startFrame
        rest.frameCount = y.frameCount
        rest.gain = y.gain
        rest.fadeInFrames = y.fadeInFrames
        rest.fadeOutFrames = y.fadeOutFrames
        rest.fadeShape = y.fadeShape
        if rest != y { addUnknown(item, "this clip", part: part) }
        check(x, y, since: count, item, "this clip", part: part)
    }

    private func pathName(_ source: Int, _ song: ComparedSong) -> String {
        song.source(source).map { song.session.name(of: $0) } ?? song.fileName(of: source)
    }

    private func unique(_ stretches: [SessionChange.Stretch]) -> [SessionChange.Stretch] {
        stretches.count == 2 && stretches[0] == stretches[1] ? [stretches[0]] : stretches
    }

    /// Where it begins and ends, on the timeline and in its file.
    private mutating func comparePlaces(_ x: Clip, _ y: Clip, _ item: SessionChange.Item, _ part: String) {
        let rate = b.rateHertz
        let isMoved = !isSamePlace(x.atFrame, y.atFrame)
        let isSlipped = x.startFrame != y.startFrame
        let (endX, endY) = (x.atFrame + x.frameCount, y.atFrame + y.frameCount)
        let fileRate = after.source(y.source)?.rateHertz ?? rate
        // Begins later in the song and as much later in its file: what sounds has not moved.
        let shift =
            Int128(y.atFrame - x.atFrame) * Int128(fileRate) - Int128(y.startFrame - x.startFrame) * Int128(rate)
        let isTrimmed = isMoved && isSlipped && shift.magnitude < Int128(max(fileRate, rate)).magnitude
        let both = unique([extent(x), extent(y)])
        if isMoved {
            let texts = TimeText.places(x.atFrame, rate, y.atFrame, rate)
            let way =
                TimeText.distance(y.atFrame - x.atFrame, rateHertz: rate)
                + (y.atFrame > x.atFrame ? " later" : " earlier")
            let verb = isTrimmed ? "begins" : "moved"
            let edge = stretch(min(x.atFrame, y.atFrame), max(x.atFrame, y.atFrame))
            add(
                isTrimmed ? .changed : .moved, item, "at", from: texts.from, to: texts.to, part: part,
                stretches: isTrimmed ? [edge] : both,
                .init(
                    verb, "\(texts.from) to \(texts.to) (\(way))", countedAs: "clip", countedVerb: verb,
                    countedAmount: way))
        }
        if isSlipped {
            let offsets = TimeText.places(
                x.startFrame, before.source(x.source)?.rateHertz ?? rate, y.startFrame, fileRate)
            add(
                .changed, item, "start", from: offsets.from, to: offsets.to, part: part, stretches: both,
                .init(
                    isTrimmed ? "start in its file" : "slipped: start in its file",
                    "\(offsets.from) to \(offsets.to)", countedAs: "clip", countedVerb: "slipped in their files",
                    isImplied: isTrimmed))
        }
        guard !isSamePlace(x.frameCount, y.frameCount) else { return }
        let texts = TimeText.durations(x.frameCount, rate, y.frameCount, rate)
        let text = TimeText.durationChange(x.frameCount, y.frameCount, rateHertz: rate)
        let way =
            TimeText.distance(y.frameCount - x.frameCount, rateHertz: rate)
            + (y.frameCount > x.frameCount ? " longer" : " shorter")
        let isEndMoved = !isSamePlace(endX, endY)
        add(
            .changed, item, "length", from: texts.from, to: texts.to, part: part,
            stretches: isEndMoved ? [stretch(min(endX, endY), max(endX, endY))] : both,
            .init(
                "length", "\(text) (\(way))", countedAs: "clip", countedVerb: "now",
                countedAmount: way, isImplied: isTrimmed && !isEndMoved))
    }

    private mutating func compareFade(
        _ name: String, _ x: Int, _ y: Int, _ item: SessionChange.Item, _ part: String,
        _ place: SessionChange.Stretch
    ) {
        guard !isSamePlace(x, y) else { return }
        let texts = TimeText.durations(x, b.rateHertz, y, b.rateHertz)
        add(
            .changed, item, name, from: texts.from, to: texts.to, part: part, stretches: [place],
            .init(
                name, TimeText.durationChange(x, y, rateHertz: b.rateHertz), countedAs: "clip", countedVerb: name,
                countedAmount: texts.to))
    }
}
