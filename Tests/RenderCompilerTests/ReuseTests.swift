import Foundation
import Quantities
import RenderPlan
import Session
import TestSupport
import Testing

/// An edit costs what it touches, and what comes out is what a render from nothing gives.
@Suite struct ReuseTests {
    /// Edits made; each is rendered over the ledger of the album before it and from nothing.
    private static let caseCount = 2000

    @Test(arguments: 0..<4)
    func `after an edit the bytes are those of a render from nothing, and only what it touches is rendered`(
        part: Int
    ) throws {
        var generator = ReuseGenerator(seed: UInt64(part) + 100)
        var done = 0
        var (rendered, total) = (0, 0)
        var kinds: Set<EditKind> = []
        while done < Self.caseCount / 4 {
            var album = generator.album()
            guard album.isSound, var known = try? ReuseRender(album) else { continue }
            for _ in 0..<12 {
                var after = album
                let kind = EditKind.allCases.randomElement(using: &generator.random)!
                guard let touch = generator.edit(kind, &after), after.isSound else { continue }
                let one = ReuseCase(before: album, after: after, touch: touch)
                var renders: (fresh: ReuseRender, edited: ReuseRender)?
                if let failure = one.failure(known: known, keep: { renders = ($0, $1) }) {
                    let small = one.shrunk()
                    Issue.record("\(kind): \(failure)\n\(small.failure() ?? "")\n\(small.description)")
                    return
                }
                // What cannot be rendered is no album to go on from.
                guard let (fresh, edited) = renders else { continue }
                done += 1
                kinds.insert(kind)
                total += fresh.rendered.count
                rendered += edited.rendered.count
                (album, known) = (after, fresh)
            }
        }
        #expect(kinds.count == EditKind.allCases.count, "\(Set(EditKind.allCases).subtracting(kinds))")
        // The edits that touch nothing render nothing, so the whole is far below what rendering anew would cost.
        #expect(Double(rendered) / Double(total) < 0.5, "\(rendered) of \(total)")
    }

    /// The test's own test: a key that says less than it must is found within a few hundred edits, and shrinks.
    @Test(arguments: Defect.allCases)
    func `a key that leaves something out is found, and the case shrinks`(defect: Defect) throws {
        var generator = ReuseGenerator(seed: 7)
        for _ in 0..<400 {
            let album = generator.album()
            guard album.isSound, let known = try? ReuseRender(album, defect: defect.apply) else { continue }
            for _ in 0..<12 {
                var after = album
                let kind = EditKind.allCases.randomElement(using: &generator.random)!
                guard let touch = generator.edit(kind, &after), after.isSound else { continue }
                let one = ReuseCase(before: album, after: after, touch: touch, defect: defect.apply)
                guard let failure = one.failure(known: known), failure.hasPrefix("other bytes") else { continue }
                let small = one.shrunk()
                #expect(small.failure() != nil)
                #expect(small.after.songs.reduce(0) { $0 + $1.song.tracks.count } <= 4, "\(small.description)")
                return
            }
        }
        Issue.record("\(defect) went unnoticed")
    }

    /// Keys as they must not be.
    enum Defect: CaseIterable {
        /// The snapshot does not count.
        case snapshot
        /// The last digest of the inputs does not count.
        case input
        /// Numbers of faders, pans and devices count only to their first byte.
        case numbers

        @Sendable func apply(_ bytes: [UInt8]) -> [UInt8] {
            var bytes = bytes
            switch self {
            case .snapshot:
                // A flag, and two words where there is one.
                guard bytes.count > 17, bytes[bytes.count - 17] == 1 else { return bytes }
                bytes.removeLast(16)
            case .input:
                let end = bytes[bytes.count - 1] == 0 ? bytes.count - 1 : bytes.count - 17
                guard bytes.count > 33, bytes[end] < 2 else { return bytes }
                bytes.replaceSubrange(end - 16..<end, with: [UInt8](repeating: 0, count: 16))
            case .numbers:
                // The body lies between the head, which is the same in all keys of a kind, and the inputs.
                let start = bytes.count / 3
                for index in start..<start + bytes.count / 4 { bytes[index] &= 0x80 }
            }
            return bytes
        }
    }
}
