package import FarmProtocol

/// The coordinator's constants.
///
/// Nothing here may change a rendered bit.
package struct Policy: Hashable, Sendable {
    /// Between two heartbeats, and between two timers.
    package var heartbeatTicks = 500
    /// So much of workers' time is a job owed at most that got less than another of its importance: one that had
    /// the farm to itself does not wait for longer once others want it too.
    package var debtTicks = 60_000
    /// After this silence a worker gets no new lease.
    package var suspectTicks = 2_000
    /// After a lost link and no word for this long its lease goes elsewhere: a process that was killed.
    package var lostLinkTicks = 400
    /// After this silence its lease goes elsewhere.
    package var deadTicks = 5_000
    /// A rendering worker that reports no further frame for this long hangs.
    package var hangTicks = 30_000
    /// After this long without an echo in the worker's report, a LEASE, EXTEND or STOP is said again.
    package var resendTicks = 2_000
    /// Segments of a run ahead of its last commit, at most `Limits.horizonSegments`.
    package var horizonSegments = 16
    /// The same where more is ready than there are workers: a run that goes on takes its worker from the next.
    package var contendedSegments = 2
    /// Segments that a producer may be ahead of its slowest consumer, beyond that consumer's look-ahead.
    package var runAheadSegments = 8
    /// Counted attempts in distinct lives after which a task is quarantined.
    package var countedAttempts = 3
    /// Lost attempts (killed, link lost, unreadable inputs) that are forgiven.
    package var uncountedAttempts = 10
    /// Two workers disagree and each has had its say: so long a third is waited for before one of them is asked
    /// again, and each further time twice as long.
    package var disputeTicks = 10_000
    /// Runs of one disputed task after which it is given up.
    package var maximumVotes = 8
    /// Of 100 tasks, how many are run again elsewhere and must agree; chosen by the bits of their keys.
    package var auditPercent = 0
    /// For tests: every segment on another worker than the last, every snapshot loaded from bytes.
    package var scatters = false
    /// A segment that takes three times as long as is usual, and at least this long, is started a second time
    /// where a worker has nothing else to do.
    package var speculationTicks = 10_000
    /// A worker that is lost three times within this time gets no lease for a while; 0: never.
    package var flapTicks = 60_000
    /// The first such rest; each further one is twice as long, up to `longestRestTicks`.
    package var restTicks = 5_000
    package var longestRestTicks = 300_000
    /// After this long without a loss a worker's losses are forgotten.
    package var forgivenessTicks = 600_000
    /// True where somebody may free space meanwhile: jobs wait for it and never fail.
    package var waitsForSpace = false
    /// What every worker may hold uncommitted.
    package var credit = Credit(results: 8, bytes: 256 << 20)

    package init() {}
}
