/// How the samples of a source or of a deliverable are written down.
package enum SampleFormat: UInt8, Sendable, Hashable, Codable, CaseIterable {
    case integer8 = 1
    case integer16 = 2
    case integer24 = 3
    case integer32 = 4
    case float32 = 5
    case float64 = 6

    package var bitCount: Int {
        switch self {
        case .integer8: 8
        case .integer16: 16
        case .integer24: 24
        case .integer32, .float32: 32
        case .float64: 64
        }
    }

    package var isFloat: Bool { self == .float32 || self == .float64 }
}
