import DeviceReference
import Foundation
import Testing

/// docs/devices.md and its charts are what the table says and the devices do.
@Suite struct DeviceReferenceTests {
    private static let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs")

    @Test("docs/devices.md and its charts are those of the code")
    func pages() throws {
        let pages = DeviceReference.pages()
        let isRecording = ProcessInfo.processInfo.environment["LATHE_RECORD"] != nil
        let folder = Self.docs.appendingPathComponent("devices")
        if isRecording {
            try? FileManager.default.removeItem(at: folder)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        for page in pages {
            let file = Self.docs.appendingPathComponent(page.path)
            if isRecording { try page.content.write(to: file, atomically: true, encoding: .utf8) }
            let found = try? String(contentsOf: file, encoding: .utf8)
            #expect(found == page.content, "\(page.path) is not what the code does: `make doc` writes it anew")
        }
        let drawn = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(drawn.map { "devices/" + $0 }) == Set(pages.dropFirst().map(\.path)))
    }
}
