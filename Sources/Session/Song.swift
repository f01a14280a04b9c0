package import Quantities

/// One timeline of tracks, buses, returns and a master, at one rate.
package struct Song: Sendable, Equatable {
    package var title: String
    package var rateHertz: Int
    /// What musical times were read by; every time of the model is in frames already. nil: the song has no tempo.
    package var timebase: Timebase?
    package var seed: UInt64
    /// Files in the order of first mention; clips name them by index.
    package var sources: [SourceFile]
    package var tracks: [Track]
    package var buses: [Bus]
    package var returns: [Bus]
    package var master: Master
    /// `length:` in frames; nil ends the song by its clips and tails.
    package var lengthFrames: Int?
    /// Cap on the declared tail, in frames (30 s unless `tail-limit:` says otherwise).
    package var tailLimitFrames: Int

    package init(
        title: String, rateHertz: Int, seed: UInt64 = 0, sources: [SourceFile], tracks: [Track],
        buses: [Bus] = [],
        returns: [Bus] = [], master: Master = Master(), lengthFrames: Int? = nil, tailLimitFrames: Int? = nil,
        timebase: Timebase? = nil
    ) {
        self.title = title
        self.timebase = timebase
        self.rateHertz = rateHertz
        self.seed = seed
        self.sources = sources
        self.tracks = tracks
        self.buses = buses
        self.returns = returns
        self.master = master
        self.lengthFrames = lengthFrames
        self.tailLimitFrames = tailLimitFrames ?? 30 * rateHertz
    }
}

/// An audio file as it was found on disk.
package struct SourceFile: Sendable, Hashable {
    /// Absolute path. It never reaches a program, a key or a message.
    package var path: String
    package var rateHertz: Int
    package var channelCount: Int
    package var frameCount: Int
    package var samples: SampleFormat

    package init(path: String, rateHertz: Int, channelCount: Int, frameCount: Int, samples: SampleFormat) {
        self.path = path
        self.rateHertz = rateHertz
        self.channelCount = channelCount
        self.frameCount = frameCount
        self.samples = samples
    }
}

/// A stretch of a source on a track.
package struct Clip: Sendable, Equatable {
    package enum FadeShape: String, Sendable { case linear, equalPower = "equal-power" }

    /// Index into `Song.sources`.
    package var source: Int
    /// Song frame at which it starts to sound.
    package var atFrame: Int
    /// First frame read, in the file's own frames.
    package var startFrame: Int
    /// Duration in song frames.
    package var frameCount: Int
    package var gain: Decibels
    package var fadeInFrames: Int
    package var fadeOutFrames: Int
    package var fadeShape: FadeShape

    package init(
        source: Int, atFrame: Int, startFrame: Int = 0, frameCount: Int, gain: Decibels = .unity,
        fadeInFrames: Int = 0, fadeOutFrames: Int = 0, fadeShape: FadeShape = .linear
    ) {
        self.source = source
        self.atFrame = atFrame
        self.startFrame = startFrame
        self.frameCount = frameCount
        self.gain = gain
        self.fadeInFrames = fadeInFrames
        self.fadeOutFrames = fadeOutFrames
        self.fadeShape = fadeShape
    }
}

/// Where a channel's signal goes.
package enum Output: Sendable, Hashable { case master, bus(Int) }

/// A track, bus or return by its place in the song.
package enum ChannelReference: Sendable, Hashable { case track(Int), bus(Int), returned(Int) }

/// A copy of a channel's signal to a return.
package struct Send: Sendable, Equatable {
    package enum Tap: String, Sendable { case pre, post }

    /// Index into `Song.returns`.
    package var to: Int
    package var gain: Decibels
    package var tap: Tap
    /// Gain in dB over time; empty: `gain`.
    package var automation: [AutomationPoint]

    package init(to: Int, gain: Decibels, tap: Tap = .post, automation: [AutomationPoint] = []) {
        self.to = to
        self.gain = gain
        self.tap = tap
        self.automation = automation
    }
}

/// A value at a song frame; `shape` is the way to it from the point before.
package struct AutomationPoint: Sendable, Equatable {
    package enum Shape: String, Sendable { case hold, linear }

    package var frame: Int
    /// Decibels for faders and sends (`-.infinity` allowed), -1...1 for pan.
    package var value: Double
    package var shape: Shape

    package init(frame: Int, value: Double, shape: Shape = .hold) {
        self.frame = frame
        self.value = value
        self.shape = shape
    }
}

/// What every channel of the mixer has after its devices.
package struct Mixer: Sendable, Equatable {
    package var fader: Decibels
    package var faderAutomation: [AutomationPoint]
    /// -1 (hard left) to +1 (hard right).
    package var pan: Double
    package var panAutomation: [AutomationPoint]
    package var isPolarityInverted: Bool
    package var isMuted: Bool
    package var isSoloed: Bool
    package var output: Output
    package var sends: [Send]

    package init(
        fader: Decibels = .unity, faderAutomation: [AutomationPoint] = [], pan: Double = 0,
        panAutomation: [AutomationPoint] = [], isPolarityInverted: Bool = false, isMuted: Bool = false,
        isSoloed: Bool = false, output: Output = .master, sends: [Send] = []
    ) {
        self.fader = fader
        self.faderAutomation = faderAutomation
        self.pan = pan
        self.panAutomation = panAutomation
        self.isPolarityInverted = isPolarityInverted
        self.isMuted = isMuted
        self.isSoloed = isSoloed
        self.output = output
        self.sends = sends
    }
}

/// A channel that plays clips.
package struct Track: Sendable, Equatable {
    package var name: String
    package var clips: [Clip]
    package var devices: [Device]
    package var mixer: Mixer

    package init(name: String, clips: [Clip], devices: [Device] = [], mixer: Mixer = Mixer()) {
        self.name = name
        self.clips = clips
        self.devices = devices
        self.mixer = mixer
    }
}

/// A bus or a return: devices over a sum.
package struct Bus: Sendable, Equatable {
    package var name: String
    package var devices: [Device]
    package var mixer: Mixer

    package init(name: String, devices: [Device] = [], mixer: Mixer = Mixer()) {
        self.name = name
        self.devices = devices
        self.mixer = mixer
    }
}

/// The last channel: devices and a fader over the pre-master.
package struct Master: Sendable, Equatable {
    package var devices: [Device]
    package var fader: Decibels
    package var faderAutomation: [AutomationPoint]

    package init(devices: [Device] = [], fader: Decibels = .unity, faderAutomation: [AutomationPoint] = []) {
        self.devices = devices
        self.fader = fader
        self.faderAutomation = faderAutomation
    }
}
