import Foundation
import SessionFiles
import Testing

/// docs/session.md is what the reader's own table says.
@Suite struct SessionReferenceTests {
    /// `LATHE_RECORD=1` writes the file anew (`make doc` does): look at the difference before you commit it.
    @Test func `docs session md says what the reader reads`() throws {
        let file = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/session.md")
        if ProcessInfo.processInfo.environment["LATHE_RECORD"] == "1" {
            try Data(sessionReference().utf8).write(to: file)
        }
        let written = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let wanted = sessionReference().split(separator: "\n")
        let difference = zip(written, wanted).first { $0 != $1 }
        #expect(difference == nil, "docs/session.md is out of date: run `make doc`")
        #expect(written.count == wanted.count, "docs/session.md is out of date: run `make doc`")
    }
}
