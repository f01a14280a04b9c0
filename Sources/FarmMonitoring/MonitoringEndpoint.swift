internal import FlyingFox
internal import FlyingSocks
internal import Glibc

/// Where `/metrics` and the health of a coordinator are served: an address in figures and a port.
package struct MonitoringEndpoint: Sendable, Equatable, CustomStringConvertible {
    /// IPv4 or IPv6, without brackets.
    package let address: String
    /// 0 lets the system choose.
    package let port: UInt16
    let isVersion6: Bool

    /// Loopback, at the port that the documentation names.
    package static let standard = MonitoringEndpoint(address: "127.0.0.1", port: 7_780, isVersion6: false)

    private init(address: String, port: UInt16, isVersion6: Bool) {
        self.address = address
        self.port = port
        self.isVersion6 = isVersion6
    }

    /// Reads `127.0.0.1:7780` or `[::1]:7780`. Names are refused: they may mean another address tomorrow.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else {
            return nil
        }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = String(host.dropFirst().dropLast())
            var bytes = in6_addr()
            guard inet_pton(AF_INET6, address, &bytes) == 1 else { return nil }
            self.init(address: address, port: port, isVersion6: true)
        } else {
            var bytes = in_addr()
            guard inet_pton(AF_INET, String(host), &bytes) == 1 else { return nil }
            self.init(address: String(host), port: port, isVersion6: false)
        }
    }

    /// Only this machine can reach it.
    package var isLoopback: Bool {
        if isVersion6 {
            var bytes = in6_addr()
            guard inet_pton(AF_INET6, address, &bytes) == 1 else { return false }
            return withUnsafeBytes(of: bytes) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
        }
        return address.hasPrefix("127.")
    }

    package var description: String { isVersion6 ? "[\(address)]:\(port)" : "\(address):\(port)" }

    /// A socket that listens here.
    func listeningSocket() throws(MonitoringError) -> Socket {
        do {
            let socket = try Socket(domain: isVersion6 ? AF_INET6 : AF_INET)
            do {
                try socket.setValue(true, for: .localAddressReuse)
                // A child process must not keep the port.
                _ = fcntl(socket.file.rawValue, F_SETFD, FD_CLOEXEC)
                if isVersion6 {
                    try socket.bind(to: sockaddr_in6.inet6(ip6: address, port: port))
                } else {
                    try socket.bind(to: sockaddr_in.inet(ip4: address, port: port))
                }
                try socket.listen(maxPendingConnection: 256)
                return socket
            } catch {
                try? socket.close()  // what went wrong before is what is told
                throw error
            }
        } catch {
            throw MonitoringError(cannotListenOn: self, error)
        }
    }
}

/// Why the monitoring cannot be served; the description says what to do about it.
package struct MonitoringError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        case portInUse, addressNotOfThisMachine, notAllowed, needsAuthority, system
    }

    package let code: Code
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    init(cannotListenOn endpoint: MonitoringEndpoint, _ error: any Error) {
        var number: Int32 = 0
        if case SocketError.failed(_, let errno, _)? = error as? SocketError { number = errno }
        switch number {
        case EADDRINUSE:
            self.init(
                .portInUse,
                "\(endpoint) is in use already: stop what listens there, or choose another port for monitoring")
        case EADDRNOTAVAIL:
            self.init(
                .addressNotOfThisMachine, "\(endpoint) is no address of this machine: choose 127.0.0.1 or [::1]")
        case EACCES:
            self.init(.needsAuthority, "\(endpoint): ports below 1024 need root's authority: choose a higher one")
        default:
            self.init(.system, "cannot listen on \(endpoint): \(error)")
        }
    }
}
