/// Where a farm is reached: one address as people write it, and the sockets that belong to it.
///
/// `tcp://host:7700` has its data on port 7701 and its enrolment on 7702; `ipc:///path` on `/path-data` and
/// `/path-enrol`. Port `*` is for tests: libzmq chooses.
package struct FarmEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// The control socket's address.
    package let control: String

    /// nil for anything but `tcp://HOST:PORT` with a port up to 65533, or `ipc://PATH`.
    package init?(_ text: String) {
        if text.hasPrefix("ipc://"), text.utf8.count > 6 {
            control = text
            return
        }
        guard text.hasPrefix("tcp://"), let colon = text.lastIndex(of: ":"),
            colon > text.index(text.startIndex, offsetBy: 6)
        else { return nil }
        guard let port = UInt16(text[text.index(after: colon)...]), (1...65_533).contains(port) else { return nil }
        control = text
    }

    /// Where bytes travel.
    package var data: String { beside("-data", 1) }
    /// Where a new key is handed in with its token.
    package var enrolment: String { beside("-enrol", 2) }

    /// Whether only this machine reaches it.
    package var isLocal: Bool {
        control.hasPrefix("ipc://") || control.hasPrefix("tcp://127.") || control.hasPrefix("tcp://[::1]:")
            || control.hasPrefix("tcp://localhost:")
    }

    package var description: String { control }

    private func beside(_ suffix: String, _ offset: UInt16) -> String {
        if control.hasPrefix("ipc://") { return control + suffix }
        guard let colon = control.lastIndex(of: ":"), let port = UInt16(control[control.index(after: colon)...]) else {
            preconditionFailure("checked when it was made")
        }
        return control[...colon] + String(port + offset)
    }
}
