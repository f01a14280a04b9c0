import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import SignalProcessing
import Testing

/// Devices in plans that no compiler made, and files that nobody should use: refused or survived, never a trap.
@Suite struct MalformedDeviceTests {
    private func program(_ devices: [Device], ofConvolution: Bool = false) throws -> Program {
        var scene = Scene(seconds: 0.1)
        let file = scene.addSource(noise(1, channels: 2, frames: 100))
        scene.addTrack(
            "T", noise(2, channels: 2, frames: 4800),
            devices: devices.map {
                var device = $0
                if device.kind == .convolver || device.kind == .match { device.sources = [file] }
                return device
            })
        let (list, _) = try scene.compile(segmentSeconds: 0.05)
        let found = list.programs.first {
            switch $0.body {
            case .convolve: ofConvolution
            case .mix(let body): !ofConvolution && body.isStateful
            default: false
            }
        }
        return try #require(found)
    }

    private func isRefused(_ program: Program) -> Bool {
        do {
            _ = try SegmentRenderer(program: program, blockFrames: 64)
            return false
        } catch {
            return error as? RenderError == .malformedProgram
        }
    }

    @Test(arguments: sampledKinds)
    func `Wrong counts, numbers and curves of any device are refused`(kind: DeviceKind) throws {
        let device = Device.usual(kind).automatedThroughout(frames: 4800)
        if kind == .utility, device.automation.isEmpty { return }
        let good = try program([device])
        #expect(!isRefused(good))
        func changed(_ change: (inout Stage) -> Void) -> Program {
            var copy = good
            guard case .mix(var body) = good.body else { return good }
            change(&body.nodes[0].strips[0].stages[0])
            copy.body = .mix(body)
            return copy
        }
        #expect(isRefused(changed { $0.values.removeLast() }))
        #expect(isRefused(changed { $0.values.append(0) }))
        #expect(isRefused(changed { $0.values = [] }))
        #expect(isRefused(changed { $0.values = $0.values.map { _ in .nan } }))
        #expect(isRefused(changed { $0.version += 1 }))
        #expect(isRefused(changed { $0.latencyFrames += 1 }))
        #expect(isRefused(changed { $0.kind = 0 }))
        #expect(isRefused(changed { $0.kind = 200 }))
        guard !device.automation.isEmpty else { return }
        func curve(_ values: [Double], scale: StageCurve.Scale? = nil, parameter: Int? = nil) -> Program {
            changed { stage in
                let old = stage.automation[0]
                stage.automation[0] = StageCurve(
                    parameter: parameter ?? old.parameter, scale: scale ?? old.scale,
                    curve: Curve(
                        points: values.enumerated().map { .init(frame: 100 * $0, value: $1, isLinear: true) })
                )
            }
        }
        #expect(isRefused(curve([1e299, -1e299])))
        #expect(isRefused(curve([.nan, 1])))
        #expect(isRefused(curve([.infinity])))
        #expect(isRefused(curve([-1, 1], scale: .octaves)))
        #expect(isRefused(curve([1], parameter: -1)))
        #expect(isRefused(curve([1], parameter: 100_000)))
        #expect(isRefused(changed { $0.automation.append($0.automation[0]) }))
    }

    @Test(arguments: sampledKinds)
    func `A side-chain is refused at a device that listens to none`(kind: DeviceKind) throws {
        var keyed = try program([Device.usual(kind).automatedThroughout(frames: 4800)])
        guard case .mix(var body) = keyed.body else { return }
        body.nodes[0].strips[0].stages[0].keyPort = 0
        keyed.body = .mix(body)
        #expect(isRefused(keyed) == !kind.description.hasKey)
    }

    @Test func `Convolutions with nothing in them are refused`() throws {
        let convolver = Device(.convolver, sources: [0])
        let flat = Device(
            .equalizer, ["mode": "linear-phase"], bands: [["type": "bell", "frequency": 100, "gain": 3]])
        for device in [convolver, Device(.match, sources: [0]), flat] {
            let good = try program([device], ofConvolution: true)
            #expect(!isRefused(good))
            func changed(_ change: (inout ConvolveBody) -> Void) -> Program {
                var copy = good
                guard case .convolve(var body) = good.body else { return good }
                change(&body)
                copy.body = .convolve(body)
                return copy
            }
            #expect(isRefused(changed { $0.version += 1 }))
            #expect(isRefused(changed { $0.historyFrames = -1 }))
            #expect(isRefused(changed { $0.lookaheadFrames = -5 }))
            for response: ConvolveBody.Response in [
                .equalizer([]), .equalizer([.nan]), .equalizer([1, 2, 3]), .ready(frameCount: 0),
                .ready(frameCount: -3),
                .file(parameters: [], rateHertz: 48_000, frameCount: 100, portCount: 1),
                .file(parameters: [0, 0, 1, 30, 1, 0], rateHertz: 48_000, frameCount: 100, portCount: 1),
                .file(parameters: [0, .nan, 1, 30, 1], rateHertz: 48_000, frameCount: 100, portCount: 1),
                .file(parameters: [0, 0, 1, 30, 1], rateHertz: 0, frameCount: 100, portCount: 1),
                .file(parameters: [0, 0, 1, 30, 1], rateHertz: 48_000, frameCount: 0, portCount: 1),
                .file(parameters: [0, 0, 1, 30, 1], rateHertz: 48_000, frameCount: 100, portCount: 0),
                .file(parameters: [0, 0, 1, 30, 1], rateHertz: 48_000, frameCount: 100, portCount: 7),
            ] { #expect(isRefused(changed { $0.response = response })) }
            var lonely = good
            lonely.inputs = []
            #expect(isRefused(lonely))
        }
    }

    @Test func `A response that reaches further than its program says is refused, not cut`() throws {
        // The first reaches back, the second reaches both ways.
        try expectShortReachRefused(Device(.convolver, sources: [0])) { $0.historyFrames = 5 }
        let linear = Device(
            .equalizer, ["mode": "linear-phase"], bands: [["type": "bell", "frequency": 100, "gain": 3]])
        try expectShortReachRefused(linear) { $0.historyFrames = 5 }
        try expectShortReachRefused(linear) { $0.lookaheadFrames = 5 }
    }

    private func expectShortReachRefused(_ device: Device, _ change: (inout ConvolveBody) -> Void) throws {
        var good = try program([device], ofConvolution: true)
        guard case .convolve(var body) = good.body else { return }
        change(&body)
        good.body = .convolve(body)
        var list = ProgramList()
        let source = Program(
            kind: .windowed, rateHertz: 48_000, segmentFrames: 655_360, frameCount: 100, inputs: [],
            outputs: [OutputPort(channelCount: 2, format: .digests)],
            body: .hashSource(SourceBody(source: 0, identity: Digest(high: 0, low: 0), samples: .float32)),
            song: 0)
        let id = list.add(source, ProgramLabel(name: "source"))
        for i in good.inputs.indices {
            good.inputs[i].program = id
            good.inputs[i].frameCount = min(100, good.inputs[i].frameCount)
            good.inputs[i].segmentFrames = 655_360
        }
        _ = list.add(good, ProgramLabel(name: "convolver"))
        let runner = PlanRunner(list, sources: [noise(1, channels: 2, frames: 100)])
        #expect(throws: PlanRunner.Failure(program: 1, segment: 0, error: .malformedProgram)) {
            try runner.run()
        }
    }

    @Test func `What a song may not have is said before anything is compiled`() throws {
        func compiles(_ device: Device, rateHertz: Int = 48_000) -> Bool {
            var scene = Scene(rateHertz: rateHertz, seconds: 0.1)
            scene.addTrack("Other", noise(1, channels: 2, frames: 100))
            scene.addTrack("T", noise(2, channels: 2, frames: 100), devices: [device])
            return (try? scene.compile()) != nil
        }
        #expect(compiles(Device(.convolver, sources: [0])))
        #expect(!compiles(Device(.convolver)))
        #expect(!compiles(Device(.convolver, sources: [7])))
        #expect(!compiles(Device(.match)))
        #expect(!compiles(Device(.match, sources: [-1])))
        #expect(!compiles(Device(.saturator).automated("type", [(0, 1, false)])))
        #expect(!compiles(Device(.saturator).automated("drive", [(0, 41, false)])))
        #expect(!compiles(Device(.saturator).automated("drive", [(0, .nan, false)])))
        #expect(compiles(Device(.saturator).automated("drive", [(0, 40, false)])))
        #expect(!compiles(Device(.saturator).automated("drive", [(10, 4, false), (10, 5, false)])))
        let bell = equalizer(["type": "bell", "frequency": 1000, "gain": 3])
        #expect(compiles(bell.automated("frequency", band: 0, [(0, 21_000, false)]), rateHertz: 44_100))
        #expect(!compiles(bell.automated("frequency", band: 0, [(0, 22_000, false)]), rateHertz: 44_100))
        var linear = Device(
            .equalizer, ["mode": "linear-phase"], bands: [["type": "bell", "frequency": 100, "gain": 3]])
        #expect(compiles(linear))
        #expect(!compiles(linear.automated("gain", band: 0, [(0, 1, false)])))
        linear.key = .track(0)
        #expect(!compiles(linear))
        var keyed = Device(.chorus)
        keyed.key = .track(0)
        #expect(!compiles(keyed))
    }

    // MARK: - Files

    private func render(
        _ response: [[Float]], rateHertz: Int = 48_000, _ parameters: [String: DeviceValue] = [:]
    ) throws
        -> [[Float]]
    {
        var scene = Scene(seconds: 0.25)
        let source = scene.addSource(response, rateHertz: rateHertz)
        scene.addTrack(
            "T", noise(2, channels: 2, frames: 12_000),
            devices: [Device(.convolver, parameters, sources: [source])])
        return try scene.render(segmentSeconds: 0.05).mix
    }

    @Test func `A response with NaN fails its program and nothing else`() throws {
        for value in [Float.nan, .infinity, -.infinity] {
            for frame in [0, 99] {
                var response = noise(1, channels: 2, frames: 100)
                response[1][frame] = value
                do {
                    _ = try render(response)
                    Issue.record("rendered")
                } catch let failure as PlanRunner.Failure {
                    #expect(failure.error == .notFinite(node: 0, strip: 0, device: nil))
                }
            }
        }
    }

    @Test func `Responses of one frame, of silence and longer than the song are convolved with`() throws {
        let dry = noise(2, channels: 2, frames: 12_000)
        for channels in 1...2 {
            // One frame: the same signal, as loud as it was.
            let mix = try render([[Float]](repeating: [0.25], count: channels))
            #expect(errorDecibels(mix, doubles(dry)) < -120)
        }
        #expect(try render([[1]], rateHertz: 8000).joined().allSatisfy { $0.isFinite })
        #expect(try render([[1]], rateHertz: 44_101).joined().allSatisfy { $0.isFinite })
        #expect(try render([[0, 0, 0]]).joined().allSatisfy { $0 == 0 })
        let long = noise(3, channels: 2, frames: 100_000)
        let whole = try render(long, ["normalize": "none"])
        let enough = try render(long.map { Array($0[..<12_000]) }, ["normalize": "none"])
        #expect(errorDecibels(whole, doubles(enough)) < -120)
        // Cut: what lies behind 0.1 s is not even read.
        let cut = try render(long, ["length": 0.1])
        let shorter = try render(long.map { Array($0[..<4900]) }, ["length": 0.1])
        #expect(cut == shorter)
        let converted = try render(long, rateHertz: 44_100, ["length": 0.1])
        #expect(converted.joined().allSatisfy { $0.isFinite })
    }
}
