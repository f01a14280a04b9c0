/// A stretch of audio while it is being synthesised: planar, Double, full scale at 1.
struct Sound {
    let rateHertz: Int
    var channels: [[Double]]

    init(rateHertz: Int, channelCount: Int, frameCount: Int) {
        self.rateHertz = rateHertz
        channels = Array(repeating: Array(repeating: 0, count: frameCount), count: channelCount)
    }

    var frameCount: Int { channels.first?.count ?? 0 }

    /// Largest magnitude of any sample.
    var peak: Double {
        channels.reduce(0) { outer, channel in channel.reduce(outer) { max($0, $1.magnitude) } }
    }

    /// Mixes a note's channels in at a frame; what lies beyond the end is dropped.
    ///
    /// A mono note is placed with constant power in a stereo sound (`pan` -1 left, +1 right); a stereo
    /// note is folded down in a mono one.
    mutating func add(_ note: [[Double]], at start: Int, gain: Double, pan: Double) {
        for target in channels.indices {
            let side = target == 0 ? (1 - pan) / 2 : (1 + pan) / 2
            let placement = channels.count == 1 ? 1 : (2 * side).squareRoot()
            let sources = note.count == channels.count ? [target] : Array(note.indices)
            for source in sources {
                let scale = gain * placement / Double(sources.count)
                let count = min(note[source].count, frameCount - start)
                guard count > 0 else { continue }
                for i in 0..<count { channels[target][start + i] += scale * note[source][i] }
            }
        }
    }

    mutating func scale(by gain: Double) {
        for c in channels.indices { for i in channels[c].indices { channels[c][i] *= gain } }
    }

    /// Removes DC and rumble with a one-pole high-pass at about 8 Hz.
    mutating func blockDirectCurrent() {
        let pole = 1 - 50 / Double(rateHertz)
        for c in channels.indices {
            var before = 0.0
            var out = 0.0
            for i in channels[c].indices {
                let x = channels[c][i]
                out = x - before + pole * out
                before = x
                channels[c][i] = out
            }
        }
    }

    /// Cuts off what is quieter than -84 dB re the peak at the end, but keeps at least `minimum` frames,
    /// and fades the last `fade` frames to exactly zero, so that no file ends in a click.
    mutating func trimTail(keeping minimum: Int, fade: Int) {
        let floor = peak * 6.3e-5
        var last = min(minimum, frameCount)
        for channel in channels {
            if let loud = channel.lastIndex(where: { $0.magnitude > floor }) { last = max(last, loud + 1) }
        }
        for c in channels.indices {
            channels[c].removeLast(channels[c].count - last)
            let length = min(fade, last)
            for i in 0..<length { channels[c][last - 1 - i] *= Double(i) / Double(length) }
        }
    }
}
