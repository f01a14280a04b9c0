import Demo
import Foundation
import Quantities
import Session
import SessionFiles
import SoundFiles
import TestSupport
import Testing

/// A demo in a folder that goes with the last reference to it.
struct DemoFixture {
    let folder: TemporaryDirectory
    let files: [String]

    @TaskLocal fileprivate static var current: DemoFixture?

    /// The one that the suite's tests share, written from seed 7.
    static func shared() throws -> DemoFixture { try #require(current) }

    init(seed: UInt64) throws {
        folder = try TemporaryDirectory("demo")
        files = try writeDemoAlbum(to: folder.path, seed: seed)
    }

    /// The folder's path.
    var path: String { folder.path }

    func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func album() throws -> Album {
        let reader = SessionReader { path in
            let info = try SoundFileReader.probe(path: path)
            return ProbedFile(
                rateHertz: info.rate, channelCount: info.channelCount, frameCount: info.frameCount,
                samples: info.format)
        }
        return try reader.readAlbum(path: "\(path)/album.yaml")
    }

    /// The file's channels, full scale at 1.
    func samples(_ name: String) throws -> [[Float]] {
        let reader = try SoundFileReader(path: "\(path)/\(name)")
        let count = reader.info.frameCount
        var left = [Float](repeating: 0, count: count)
        var right = [Float](repeating: 0, count: reader.info.channelCount == 2 ? count : 0)
        try left.withUnsafeMutableBufferPointer { leftPlane in
            try right.withUnsafeMutableBufferPointer { rightPlane in
                guard let leftStart = leftPlane.baseAddress else { return }
                try reader.read(
                    FrameRange(0, count), left: leftStart,
                    right: reader.info.channelCount == 2 ? rightPlane.baseAddress : nil)
            }
        }
        return right.isEmpty ? [left] : [left, right]
    }
}

/// Writes the demo once before a suite's tests and removes it after them.
struct DemoTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await DemoFixture.$current.withValue(DemoFixture(seed: 7), operation: function)
    }
}

extension Trait where Self == DemoTrait {
    static var withDemo: DemoTrait { DemoTrait() }
}
