import Foundation
import LoudnessChecks
import Testing

/// docs/profiles.md is what the tables say.
@Suite struct ProfileReferenceTests {
    /// `LATHE_RECORD=1` writes the file anew (`make doc` does): look at the difference before you commit it.
    @Test func `docs profiles md says what the profiles are`() throws {
        let file = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/profiles.md")
        if ProcessInfo.processInfo.environment["LATHE_RECORD"] == "1" {
            try Data(profileReference().utf8).write(to: file)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == profileReference(), "docs/profiles.md is out of date: run `make doc`")
    }

    @Test func `every profile has its section and every table its columns`() {
        let lines = profileReference().split(separator: "\n", omittingEmptySubsequences: false)
        for profile in Profile.all { #expect(lines.count { $0 == "## \(profile.id)" } == 1) }
        var columns: Int?
        for line in lines {
            let count = line.hasPrefix("|") ? line.count { $0 == "|" } : nil
            if let count, let columns { #expect(count == columns, "\(line)") }
            columns = count
        }
    }
}
