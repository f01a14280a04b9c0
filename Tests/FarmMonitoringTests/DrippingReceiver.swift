import Foundation
import Glibc
import Synchronization

/// Answers 200 at once, and then a byte of the body now and then, for as long as it is asked.
final class DrippingReceiver: Sendable {
    let port: UInt16
    private let listening: Int32
    private let connections = Mutex(0)

    init() throws {
        listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listening
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard status else { throw POSIXError(.EIO) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in accept() }
    }

    var connectionCount: Int { connections.withLock { $0 } }

    func stop() { shutdown(listening, Int32(SHUT_RDWR)) }

    private func accept() {
        while true {
            let connection = Glibc.accept(listening, nil, nil)
            guard connection >= 0 else { break }
            connections.withLock { $0 += 1 }
            Thread.detachNewThread {
                var bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".utf8)
                while send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) > 0 {
                    bytes = [UInt8(ascii: "x")]
                    usleep(50_000)
                }
                close(connection)
            }
        }
        close(listening)
    }
}
