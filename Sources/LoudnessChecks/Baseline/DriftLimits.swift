/// What a check against a baseline demands.
package enum DriftMode: String, Sendable, Hashable, CaseIterable {
    /// The same samples: for a rebuild of the same session with the same Lathe.
    case exact
    /// The same music, measured to within what nobody can hear: for a new Lathe, encoder or meter.
    case engine
    /// A new version of the music: what moved, and where.
    case revision
}

/// How far figures may move from the baseline. This is the only place that knows the defaults.
///
/// Differences are taken between figures rounded as the lock writes them, so rounding can neither cause an alarm nor
/// hide one. A difference equal to its limit passes.
package struct DriftLimits: Sendable, Hashable {
    // MARK: engine

    /// Integrated, momentary and short-term loudness, in LU. A meter shows tenths; a tenth of that is beyond any
    /// display, and rounding in another order moves loudness a thousand times less.
    package var engineLoudness = 0.01
    /// Loudness range, in LU. It is a difference of two percentiles, and one block that crosses a percentile moves
    /// it by the distance of two neighbouring blocks.
    package var engineRange = 0.05
    /// True and sample peak, in dB. Interpolators that fulfil BS.1770 differ by more near half the rate; one that
    /// only rounds differently differs by far less.
    package var enginePeak = 0.05
    /// Brightness, in dB: half of the 0.1 dB that is shown.
    package var engineBrightness = 0.05
    /// Loudness of any second, in LU: a lost click or note leaves the integrated loudness where it was. Seconds
    /// below `quietLUFS` in both versions are left out.
    package var engineSecond = 0.05

    // MARK: revision

    /// Integrated loudness, in LU: half of what listeners reliably notice between songs (about 1 LU), and the
    /// tolerance of the stricter delivery rules.
    package var integrated = 0.5
    /// Loudness range, in LU: below it the difference is a matter of where a fade ends.
    package var range = 1.0
    /// Loudness of 3 s anywhere, in LU: a mix move that a listener notices without being told; recalls of the same
    /// mix stay below 0.5.
    package var moment = 1.5
    /// Brightness of the whole and of stretches, in dB: a tilt of 1 dB is about what an engineer hears as another
    /// master.
    package var brightness = 1.0
    /// Loudness of a song minus that of its album, in LU: the balance between songs is decided by ear, as finely as
    /// `integrated`.
    package var albumOffset = 0.5
    /// Length, in seconds. Not a frame may come or go unseen.
    package var length = 0.0

    // MARK: both

    /// What is softer than this counts as this loud, in LUFS: fades and room tone below it move without being
    /// heard. BS.1770's absolute gate is 10 LU lower.
    package var quietLUFS = -60.0

    /// The strictness at which a stretch is named to explain a difference of a whole file, as a share of the limit
    /// of that difference.
    package var explanationShare = 0.5

    package init() {}
}
