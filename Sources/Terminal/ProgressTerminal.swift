#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// `write` inside a type with a method of that name.
private func posixWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

/// Where progress is written; a test passes one that keeps the text.
package protocol ProgressTerminal: AnyObject {
    /// In character cells, asked for at every drawing, as windows are resized.
    var size: (columns: Int, rows: Int) { get }
    func write(_ text: String)
}

/// Standard error.
package final class StandardError: ProgressTerminal {
    private let environment: [String: String]

    package init(environment: [String: String]) { self.environment = environment }

    /// The window's size; else `COLUMNS` and `LINES`; else 80 by 24.
    package var size: (columns: Int, rows: Int) {
        var window = winsize()
        if ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 {
            return (Int(window.ws_col), Int(window.ws_row))
        }
        func number(_ name: String) -> Int? {
            environment[name].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        }
        return (number("COLUMNS") ?? 80, number("LINES") ?? 24)
    }

    /// Writes everything, also when a signal interrupts; a closed standard error is nobody's failure.
    package func write(_ text: String) {
        guard !text.isEmpty else { return }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { posixWrite(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if errno == EAGAIN {
                var descriptor = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                poll(&descriptor, 1, 100)
            } else if errno != EINTR {
                return
            }
        }
    }

    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}

extension ProgressDisplay {
    /// The choice of `--progress`.
    package enum Choice: String, Sendable, CaseIterable { case auto, plain, json, none }

    /// A display on standard error as the user and the environment want it.
    ///
    /// - Parameters:
    ///   - choice: `auto` is live on a terminal that can do it, else plain.
    ///   - environment: `NO_COLOR`, `TERM`, `LC_ALL`, `LC_CTYPE`, `LANG`, `COLUMNS` and `LINES` are read.
    package static func standardError(
        _ choice: Choice, environment: [String: String], isTerminal: Bool = StandardError.isTerminal
    ) -> ProgressDisplay {
        let settings = ProgressSettings(choice, environment: environment, isTerminal: isTerminal)
        return ProgressDisplay(
            mode: settings.mode,
            renderer: ProgressRenderer(usesUnicode: settings.usesUnicode, usesColor: settings.usesColor),
            terminal: StandardError(environment: environment))
    }
}

/// What follows from the choice, the environment and the kind of standard error.
package struct ProgressSettings: Sendable, Equatable {
    package let mode: ProgressDisplay.Mode
    package let usesColor: Bool
    package let usesUnicode: Bool

    package init(_ choice: ProgressDisplay.Choice, environment: [String: String], isTerminal: Bool) {
        let isCapable = isTerminal && environment["TERM"] != "dumb" && environment["TERM"] != nil
        switch choice {
        case .auto: mode = isCapable ? .live : .plain
        case .plain: mode = .plain
        case .json: mode = .json
        case .none: mode = .none
        }
        // https://no-color.org: set and not empty, whatever it says.
        usesColor = mode == .live && (environment["NO_COLOR"] ?? "").isEmpty
        // POSIX: LC_ALL wins over LC_CTYPE wins over LANG; an empty one counts as unset.
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let name = locale.lowercased()
        usesUnicode = name.contains("utf-8") || name.contains("utf8")
    }
}
