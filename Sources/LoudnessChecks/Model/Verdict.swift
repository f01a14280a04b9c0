/// What a reader is told of one finding, file or group; the greater outweighs the lesser.
enum Verdict: Int, Comparable {
    /// Nothing was demanded of it.
    case unjudged
    case passed
    case noted
    case waived
    case warned
    case failed

    static func < (a: Verdict, b: Verdict) -> Bool { a.rawValue < b.rawValue }

    var word: String {
        switch self {
        case .unjudged: "-"
        case .passed: "passed"
        case .noted: "note"
        case .waived: "waived"
        case .warned: "warning"
        case .failed: "FAILED"
        }
    }
}

extension Finding {
    func verdict(isStrict: Bool) -> Verdict {
        switch (status, severity) {
        case (.passed, _): .passed
        case (.waived, _): .waived
        case (.failed, .error): .failed
        case (.failed, .warn): isStrict ? .failed : .warned
        case (.failed, .note): .noted
        }
    }
}
