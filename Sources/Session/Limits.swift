/// How much one session may hold: input beyond these is an error of the session, never a crash of the render.
package enum SessionLimits {
    package static let songs = 999
    package static let tracks = 4096
    package static let buses = 1024
    package static let returns = 256
    package static let clips = 100_000
    package static let devicesPerChannel = 64
    package static let sendsPerChannel = 256
    package static let automationPoints = 500_000
    package static let deliveries = 64
    /// Of a title, a name or a folder, in characters.
    package static let nameLength = 200
    /// Any time or duration, in hours.
    package static let hours = 24
}

/// Names that a channel cannot have: `Direct` is the stem of tracks without a bus, `Master` the last sum.
package let reservedChannelNames = ["Direct", "Master"]

/// Rates at which a song can be rendered, in Hz (the control grid and segment length divide all of them).
package let sessionRatesHertz = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000]
