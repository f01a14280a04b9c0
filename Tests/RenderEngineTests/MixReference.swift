import Glibc
import Quantities
import Session

/// A mix without devices, frame by frame in Double, written from the rules of the session file: the yardstick for
/// the engine.
struct MixReference {
    private let song: Song
    private let samples: [[[Float]]]
    private let frameCount: Int

    init(_ scene: Scene, frameCount: Int) {
        song = scene.song
        samples = scene.samples
        self.frameCount = frameCount
    }

    typealias Stereo = (left: [Double], right: [Double])

    private var silence: Stereo {
        (Array(repeating: 0, count: frameCount), Array(repeating: 0, count: frameCount))
    }

    /// Pre-master sum and mix; no solo.
    func render() -> (preMaster: Stereo, mix: Stereo) {
        var master = silence
        for track in song.tracks where track.mixer.output == .master { add(output(of: track), to: &master) }
        for (i, bus) in song.buses.enumerated() where bus.mixer.output == .master {
            add(output(ofBus: i), to: &master)
        }
        for (i, bus) in song.returns.enumerated() where bus.mixer.output == .master {
            add(output(ofReturn: i), to: &master)
        }
        var mix = master
        for i in 0..<frameCount {
            let gain = gain(song.master.fader.value, song.master.faderAutomation, at: i)
            mix.left[i] *= gain
            mix.right[i] *= gain
        }
        return (master, mix)
    }

    // MARK: - Channels

    private func output(of track: Track) -> Stereo {
        mixed(input(of: track), track.mixer, isMono: isMono(track))
    }

    private func output(ofBus bus: Int) -> Stereo {
        mixed(input(ofBus: bus), song.buses[bus].mixer, isMono: false)
    }

    private func output(ofReturn index: Int) -> Stereo {
        mixed(input(ofReturn: index), song.returns[index].mixer, isMono: false)
    }

    private func isMono(_ track: Track) -> Bool {
        !track.clips.isEmpty && track.clips.allSatisfy { song.sources[$0.source].channelCount == 1 }
    }

    private func input(of track: Track) -> Stereo {
        var sum = silence
        for clip in track.clips {
            let planes = samples[clip.source]
            for i in 0..<clip.frameCount where clip.atFrame + i < frameCount {
                let gain = pow(10, clip.gain.value / 20) * fade(clip, at: i)
                let at = clip.startFrame + i
                guard at < planes[0].count else { break }
                sum.left[clip.atFrame + i] += Double(planes[0][at]) * gain
                sum.right[clip.atFrame + i] += Double(planes[planes.count - 1][at]) * gain
            }
        }
        return sum
    }

    private func input(ofBus bus: Int) -> Stereo {
        var sum = silence
        for track in song.tracks where track.mixer.output == .bus(bus) { add(output(of: track), to: &sum) }
        for (i, other) in song.buses.enumerated() where other.mixer.output == .bus(bus) {
            add(output(ofBus: i), to: &sum)
        }
        for (i, other) in song.returns.enumerated() where other.mixer.output == .bus(bus) {
            add(output(ofReturn: i), to: &sum)
        }
        return sum
    }

    private func input(ofReturn index: Int) -> Stereo {
        var sum = silence
        for track in song.tracks where sends(track.mixer, index) {
            send(track.mixer, to: index, before: input(of: track), after: output(of: track), &sum)
        }
        for (i, bus) in song.buses.enumerated() where sends(bus.mixer, index) {
            send(bus.mixer, to: index, before: input(ofBus: i), after: output(ofBus: i), &sum)
        }
        for (i, bus) in song.returns.enumerated() where sends(bus.mixer, index) {
            send(bus.mixer, to: index, before: input(ofReturn: i), after: output(ofReturn: i), &sum)
        }
        return sum
    }

    private func sends(_ mixer: Mixer, _ index: Int) -> Bool { mixer.sends.contains { $0.to == index } }

    private func send(_ mixer: Mixer, to index: Int, before: Stereo, after: Stereo, _ sum: inout Stereo) {
        for send in mixer.sends where send.to == index {
            let source = send.tap == .pre ? before : after
            let sign = send.tap == .pre && mixer.isPolarityInverted ? -1.0 : 1
            for i in 0..<frameCount {
                let gain = gain(send.gain.value, send.automation, at: i) * sign
                sum.left[i] += source.left[i] * gain
                sum.right[i] += source.right[i] * gain
            }
        }
    }

    private func mixed(_ input: Stereo, _ mixer: Mixer, isMono: Bool) -> Stereo {
        guard !mixer.isMuted else { return silence }
        var output = input
        for i in 0..<frameCount {
            let gain =
                gain(mixer.fader.value, mixer.faderAutomation, at: i) * (mixer.isPolarityInverted ? -1 : 1)
            let pan = value(mixer.pan, mixer.panAutomation, at: i)
            // A mono track: sin and cos, -3 dB at the centre. Anything else: the far side goes down, unity at the
            // centre.
            let left = isMono ? cos((pan + 1) * .pi / 4) : min(1, 1 - pan)
            let right = isMono ? sin((pan + 1) * .pi / 4) : min(1, 1 + pan)
            output.left[i] *= gain * left
            output.right[i] *= gain * right
        }
        return output
    }

    private func add(_ signal: Stereo, to sum: inout Stereo) {
        for i in 0..<frameCount {
            sum.left[i] += signal.left[i]
            sum.right[i] += signal.right[i]
        }
    }

    // MARK: - Gains

    private func fade(_ clip: Clip, at frame: Int) -> Double {
        func shape(_ x: Double) -> Double { clip.fadeShape == .linear ? x : sin(x * .pi / 2) }
        var gain = 1.0
        if frame < clip.fadeInFrames { gain *= shape((Double(frame) + 0.5) / Double(clip.fadeInFrames)) }
        let left = clip.frameCount - 1 - frame
        if left < clip.fadeOutFrames { gain *= shape((Double(left) + 0.5) / Double(clip.fadeOutFrames)) }
        return gain
    }

    /// Linear in decibels, a gain ramp towards or from silence.
    private func gain(_ fixed: Double, _ points: [AutomationPoint], at frame: Int) -> Double {
        func linear(_ decibels: Double) -> Double { pow(10, decibels / 20) }
        guard let first = points.first else { return linear(fixed) }
        guard let before = points.last(where: { $0.frame <= frame }) else { return linear(first.value) }
        guard let next = points.first(where: { $0.frame > frame }), next.shape == .linear else {
            return linear(before.value)
        }
        let position = Double(frame - before.frame) / Double(next.frame - before.frame)
        if before.value == -.infinity || next.value == -.infinity {
            return linear(before.value) + (linear(next.value) - linear(before.value)) * position
        }
        return linear(before.value + (next.value - before.value) * position)
    }

    private func value(_ fixed: Double, _ points: [AutomationPoint], at frame: Int) -> Double {
        guard let first = points.first else { return fixed }
        guard let before = points.last(where: { $0.frame <= frame }) else { return first.value }
        guard let next = points.first(where: { $0.frame > frame }), next.shape == .linear else {
            return before.value
        }
        let position = Double(frame - before.frame) / Double(next.frame - before.frame)
        return before.value + (next.value - before.value) * position
    }
}
