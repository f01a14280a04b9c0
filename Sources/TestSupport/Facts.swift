internal import Foundation

/// One line of docs/fact-sheet.md: what a test asserted, and the figure it reached.
package struct Fact: Sendable {
    package enum Bound: Sendable {
        case atMost(Double)
        case atLeast(Double)
    }

    /// The processor's name as a mix engineer says it: "Equalizer". Facts are grouped by it.
    package let subject: String
    /// What was measured, with its conditions: "deviation from the analogue bell, 20 Hz to 20 kHz, 44.1 kHz".
    package let statement: String
    package let figure: Double
    package let bound: Bound
    /// "dB", "ms", "%", "frames", ... or empty.
    package let unit: String

    /// Notes a fact, for the sheet; `#expect(fact.holds, "\(fact)")` asserts it.
    ///
    /// With the environment variable `LATHE_FACTS` set to a folder, the fact is written down there.
    package init(_ subject: String, _ statement: String, _ figure: Double, _ bound: Bound, unit: String) {
        self.subject = subject
        self.statement = statement
        self.figure = figure
        self.bound = bound
        self.unit = unit
        record()
    }

    package var holds: Bool {
        switch bound {
        case .atMost(let limit): figure <= limit
        case .atLeast(let limit): figure >= limit
        }
    }

    private var limitText: String {
        switch bound {
        case .atMost(let limit): "<= \(Self.text(limit))"
        case .atLeast(let limit): ">= \(Self.text(limit))"
        }
    }

    /// Three significant digits, tenths from 100 on.
    private static func text(_ value: Double) -> String {
        if !value.isFinite { return value < 0 ? "-inf" : "inf" }
        if value == 0 { return "0" }
        return value.magnitude >= 100 ? String(format: "%.1f", value) : String(format: "%.3g", value)
    }

    /// One JSON object a file, named after its content: tests run in any order and at the same time.
    private func record() {
        guard let folder = ProcessInfo.processInfo.environment["LATHE_FACTS"] else { return }
        let fields = [subject, statement, Self.text(figure), limitText, unit]
        var name: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in (subject + "\n" + statement).utf8 { name = (name ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let path = "\(folder)/\(String(name, radix: 16)).json"
        guard let json = try? JSONSerialization.data(withJSONObject: fields) else { return }
        try? json.write(to: URL(fileURLWithPath: path))
    }
}

extension Fact: CustomStringConvertible {
    package var description: String {
        "\(subject): \(statement): \(Self.text(figure)) \(unit), asserted \(limitText) \(unit)"
    }
}
