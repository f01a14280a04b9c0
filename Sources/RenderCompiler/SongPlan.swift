import Quantities
package import RenderPlan

/// An output of a program.
package struct StreamRef: Sendable, Hashable {
    package var program: ProgramID
    package var output: Int

    package init(program: ProgramID, output: Int) {
        self.program = program
        self.output = output
    }
}

/// What a program is called in messages; never part of a key.
package struct ProgramLabel: Sendable, Equatable {
    /// "Drums", "Vox (44.1 to 48 kHz)".
    package var name: String
    /// Per node, per strip: the strip's name and those of its devices.
    package var strips: [[StripLabel]]
    /// Where its time is counted.
    package var stage: RenderStage

    package struct StripLabel: Sendable, Equatable {
        package var name: String
        package var devices: [String]
    }

    package init(name: String, strips: [[StripLabel]] = [], stage: RenderStage = .mix) {
        self.name = name
        self.strips = strips
        self.stage = stage
    }
}

/// What a program is for, in reports.
package enum RenderStage: Sendable {
    /// Everything up to the mix: sources, tracks, busses, the master's devices.
    case mix
    /// What comes after it: gain to target, limiter, measurement, word length, files.
    case finish
}

/// Programs under construction, numbered through a whole job.
package struct ProgramList: Sendable {
    package private(set) var programs: [Program] = []
    package private(set) var labels: [ProgramLabel] = []

    package init() {}

    /// Adds a program that reads only earlier ones, and returns its number.
    package mutating func add(_ program: Program, _ label: ProgramLabel) -> ProgramID {
        programs.append(program)
        labels.append(label)
        return ProgramID(programs.count - 1)
    }

    package subscript(id: ProgramID) -> Program { programs[id.rawValue] }
}

/// The mix of one song as programs: everything up to the finish.
package struct SongPlan: Sendable {
    package struct Stem: Sendable {
        package var name: String
        package var stream: StreamRef
    }

    package var song: Int
    package var rateHertz: Int
    package var segmentFrames: Int
    /// The uncut length: it is in the keys; the cut happens on delivery.
    package var frameCount: Int
    package var lengthRule: LengthRule
    /// Shortest length the cut may leave: the last clip's end.
    package var clipEndFrame: Int
    /// The inputs of the master sum, in the order in which they are added.
    package var stems: [Stem]
    package var preMaster: StreamRef
    package var mix: StreamRef
    /// Measurements of the pre-master (length cut) and of the mix (loudness).
    package var preMasterMeasurement: ProgramID
    package var mixMeasurement: ProgramID

    package enum LengthRule: String, Sendable {
        case length, tail, tailLimit = "tail-limit"
    }
}

/// Choices of a render that are not the user's session.
package struct CompileOptions: Sendable {
    /// Length of a segment in seconds of song time; ten outside tests.
    package var segmentSeconds: Double

    /// Whether a bus takes in the one cell that feeds it, and sums of one thing unchanged are no programs; false makes
    /// every channel one. It changes where windows are handed over, never a sample.
    package var reducesPrograms = true

    package init(segmentSeconds: Double = 10) { self.segmentSeconds = segmentSeconds }

    /// Frames of a segment at a rate: a multiple of the control grid.
    package func segmentFrames(rateHertz: Int) -> Int {
        let frames = Int((segmentSeconds * Double(rateHertz)).rounded())
        return max(Program.controlFrames, frames / Program.controlFrames * Program.controlFrames)
    }
}

/// What a session asks for and no program can do. The reader of session files catches these first, with the line.
package struct CompileError: Error, Equatable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
