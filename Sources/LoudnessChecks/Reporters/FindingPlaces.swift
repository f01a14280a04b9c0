/// Where in the text files of a repository a finding is shown: never in a sound file, whose lines nobody reviews.
struct FindingPlaces {
    private var subjects: [String: SourceAnchor] = [:]
    private let fallback: SourceAnchor?

    init(_ report: CheckReport) {
        for item in report.items { subjects[item.id] = item.anchor }
        for group in report.groups where subjects[group.id] == nil { subjects[group.id] = group.anchor }
        fallback = (report.policy ?? report.baseline).map { SourceAnchor(file: $0, line: 1) }
    }

    /// The finding's own line, else the line that names its subject, else the policy or the baseline.
    func anchor(of finding: Finding) -> SourceAnchor? {
        let places = [finding.anchor, subjects[finding.subject], fallback]
        guard let anchor = places.lazy.compactMap({ $0 }).first(where: { !$0.file.isEmpty }) else { return nil }
        return SourceAnchor(file: anchor.file, line: max(1, anchor.line))
    }

    /// Where the report as a whole is shown.
    var whole: SourceAnchor? { fallback }

    /// A path as a relative URI reference, RFC 3986.
    static func uri(_ path: String) -> String {
        let plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in path.utf8 {
            if plain.contains(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
