/// One second-order filter section on four stereo lanes.
///
/// Latency 0 frames; snapshot 64 bytes. Two different start states under equal input become equal by the first
/// segment boundary on noise and music, by the second on digital silence. Constant input and most steady tones
/// leave Float32 lanes a few ulp apart for as long as they last; Double lanes become equal there too.
package struct EqualizerSection: LaneProcessor {
    /// Changes whenever the bits change.
    package static let version: UInt32 = 1

    private var lanes: SectionLanes

    /// `lanes` has the coefficients of the four stereo lanes; nil passes a lane through, bit for bit.
    package init(lanes: [SectionCoefficients?]) { self.lanes = SectionLanes(lanes) }

    package var latencyFrames: Int { 0 }

    package mutating func process(_ block: inout MutableSpan<LaneFrame>, key: Span<LaneFrame>?, at frame: Int)
    {
        lanes.process(&block)
    }

    /// Changes the coefficients from the next frame on, and rescales the states with them.
    ///
    /// A lane that was or becomes identity starts from silence.
    package mutating func retune(lanes: [SectionCoefficients?]) { self.lanes.retune(lanes) }

    package func write(to snapshot: inout SnapshotWriter) { lanes.write(to: &snapshot) }

    package mutating func read(from snapshot: inout SnapshotReader) throws { try lanes.read(from: &snapshot) }
}

/// Sections in series on four stereo lanes; the same bits as one `EqualizerSection` after another, but
/// faster.
///
/// Latency 0 frames; snapshot 64 bytes a section. Re-convergence as for `EqualizerSection`, each section
/// after the one before.
package struct EqualizerChain: LaneProcessor {
    /// Changes whenever the bits change.
    package static let version: UInt32 = EqualizerSection.version

    private var sections: [SectionLanes]

    /// `sections` has, for each section in processing order, the coefficients of the four stereo lanes (nil
    /// passes).
    package init(sections: [[SectionCoefficients?]]) { self.sections = sections.map { SectionLanes($0) } }

    package var latencyFrames: Int { 0 }

    /// Sections in the chain.
    package var sectionCount: Int { sections.count }

    package mutating func process(_ block: inout MutableSpan<LaneFrame>, key: Span<LaneFrame>?, at frame: Int)
    {
        var i = 0
        while i < sections.count {
            let fusible = fusibleCount(from: i)
            switch fusible {
            case 4: fuseFour(&block, at: i)
            case 3: fuseThree(&block, at: i)
            case 2: fuseTwo(&block, at: i)
            default: sections[i].process(&block)
            }
            i += max(1, fusible)
        }
    }

    /// Changes the coefficients of one section, as `EqualizerSection.retune`.
    package mutating func retune(section: Int, lanes: [SectionCoefficients?]) {
        sections[section].retune(lanes)
    }

    package func write(to snapshot: inout SnapshotWriter) {
        for section in sections { section.write(to: &snapshot) }
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        for i in sections.indices { try sections[i].read(from: &snapshot) }
    }

    private func fusibleCount(from start: Int) -> Int {
        var count = 0
        while count < 4, start + count < sections.count, sections[start + count].isSingle { count += 1 }
        return count
    }

    private mutating func fuseTwo(_ block: inout MutableSpan<LaneFrame>, at i: Int) {
        var (a, b) = (sections[i].single, sections[i + 1].single)
        SectionKernel.run(&block, &a, &b)
        sections[i].store(a)
        sections[i + 1].store(b)
    }

    private mutating func fuseThree(_ block: inout MutableSpan<LaneFrame>, at i: Int) {
        var (a, b, c) = (sections[i].single, sections[i + 1].single, sections[i + 2].single)
        SectionKernel.run(&block, &a, &b, &c)
        sections[i].store(a)
        sections[i + 1].store(b)
        sections[i + 2].store(c)
    }

    private mutating func fuseFour(_ block: inout MutableSpan<LaneFrame>, at i: Int) {
        var (a, b) = (sections[i].single, sections[i + 1].single)
        var (c, d) = (sections[i + 2].single, sections[i + 3].single)
        SectionKernel.run(&block, &a, &b, &c, &d)
        sections[i].store(a)
        sections[i + 1].store(b)
        sections[i + 2].store(c)
        sections[i + 3].store(d)
    }
}
