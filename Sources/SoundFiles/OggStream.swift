/// What libsndfile does not tell of an Ogg file (RFC 3533).
enum OggStream {
    /// Where the channels of a Vorbis or Opus file are in its frames, in the order of WAVE_FORMAT_EXTENSIBLE; nil where
    /// the file says nothing of positions.
    ///
    /// Vorbis orders them by a table of its own (Vorbis I, section 4.3.9), Opus too where its mapping family is 0 or 1
    /// (RFC 7845, section 5.1.1).
    static func channelOrder(_ stream: ByteStream, channelCount: Int) throws(SoundFileError) -> [Int]? {
        // The first page holds one packet of one segment, behind a header of 28 bytes.
        if let head = try stream.bytes(at: 28, count: 19), head.holds("OpusHead", at: 0), head[18] > 1 { return nil }
        let orders = [
            [0], [0, 1], [0, 2, 1], [0, 1, 2, 3], [0, 2, 1, 3, 4], [0, 2, 1, 5, 3, 4], [0, 2, 1, 6, 5, 3, 4],
            [0, 2, 1, 7, 5, 6, 3, 4],
        ]
        return orders.indices.contains(channelCount - 1) ? orders[channelCount - 1] : nil
    }

    /// Throws unless the last page carries the end-of-stream flag, which it does unless the file was cut.
    static func checkEnd(_ stream: ByteStream) throws(SoundFileError) {
        // A page is at most 65,307 bytes long, so the last one starts in here.
        let count = min(stream.byteCount, 65_307)
        guard let tail = try stream.bytes(at: stream.byteCount - count, count: count) else { return }
        var start = count - 27
        while start >= 0 {
            if tail.holds("OggS", at: start) {
                let segmentCount = Int(tail[start + 26])
                guard start + 27 + segmentCount <= count else { break }
                let body = tail[start + 27..<start + 27 + segmentCount].reduce(0) { $0 + Int($1) }
                if tail[start + 5] & 4 != 0, start + 27 + segmentCount + body <= count { return }
                break
            }
            start -= 1
        }
        throw SoundFileError(
            .truncated, stream.name,
            "is cut short: its \(stream.byteCount) bytes end without the stream's last page. "
                + "Copy or export it again.")
    }
}
