internal import CZeroMQ
internal import Glibc
internal import Synchronization

/// A libzmq context: the I/O threads that the sockets of one process share.
///
/// Every `Socket` retains its context, so the context ends after its last socket, and ending it cannot hang
/// on a socket that is still open. It may be shared by threads. A child made by `fork` must not use it.
package final class Context: Sendable {
    // SAFETY: libzmq contexts are documented as thread safe; the pointer never changes.
    nonisolated(unsafe) let handle: UnsafeMutableRawPointer
    private let handler = Mutex(Handler.absent)

    /// Starts a context.
    ///
    /// - Parameters:
    ///   - ioThreadCount: threads that move bytes; one moves about 1 GB/s.
    ///   - maximumSocketCount: sockets, not peers, that may be open at once.
    /// - Throws: `tooManyDescriptors` when the process has none left.
    package init(ioThreadCount: Int = 1, maximumSocketCount: Int = 1023) throws(ZeroMQError) {
        precondition((1...64).contains(ioThreadCount), "a context has 1 to 64 I/O threads")
        precondition((1...65_535).contains(maximumSocketCount), "a context has 1 to 65,535 sockets")
        guard let made = zmq_ctx_new() else {
            throw ZeroMQError(systemError: zmq_errno(), operation: "zmq_ctx_new")
        }
        handle = made
        _ = try callZeroMQ("zmq_ctx_set(IO_THREADS)") {
            zmq_ctx_set(made, ZMQ_IO_THREADS, CInt(ioThreadCount))
        }
        _ = try callZeroMQ("zmq_ctx_set(MAX_SOCKETS)") {
            zmq_ctx_set(made, ZMQ_MAX_SOCKETS, CInt(maximumSocketCount))
        }
    }

    /// Makes every later use of this context's sockets fail with `contextTerminated`, from any thread.
    package func shutdown() {
        // It fails only for an invalid context, which this one is not.
        _ = zmq_ctx_shutdown(handle)
    }

    deinit {
        handler.withLock { handler in
            if case .waiting(let socket) = handler { _ = zmq_close(socket.handle) }
        }
        while zmq_ctx_term(handle) != 0 && zmq_errno() == EINTR {}
    }

    /// The libzmq that this process runs with, such as "4.3.5".
    package static var libraryVersion: String {
        var (major, minor, patch): (CInt, CInt, CInt) = (0, 0, 0)
        zmq_version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }

    /// Whether this libzmq was built with the capability: "curve", "ipc" and so on.
    package static func has(_ capability: String) -> Bool { zmq_has(capability) == 1 }
}

/// Where the CURVE servers of a context ask who may connect (ZeroMQ RFC 27).
///
/// A server that finds nobody there lets every key in: the option against that, ZAP_ENFORCE_DOMAIN, is a draft that
/// released builds of libzmq lack. So from the first server on there is always somebody there. While that is not an
/// `Authenticator`, questions wait, and connections end with their handshake time.
extension Context {
    /// A socket that no `Socket` owns.
    // SAFETY: it is only ever held by `handler`, under its lock, or by the one that took it from there.
    struct RawSocket: @unchecked Sendable {
        let handle: UnsafeMutableRawPointer
    }

    private enum Handler {
        case absent
        case waiting(RawSocket)
        case serving
    }

    /// Makes sure that there is somebody to ask.
    func requireHandler() throws(ZeroMQError) {
        try handler.withLock { (handler) throws(ZeroMQError) in
            if case .absent = handler { handler = .waiting(try makeHandler()) }
        }
    }

    /// Gives the authenticator the socket on which it is asked.
    ///
    /// - Throws: `addressInUse` when another authenticator has it.
    func takeHandler() throws(ZeroMQError) -> RawSocket {
        try handler.withLock { (handler) throws(ZeroMQError) in
            let socket: RawSocket
            switch handler {
            case .absent: socket = try makeHandler()
            case .waiting(let waiting): socket = waiting
            case .serving: throw ZeroMQError(systemError: EADDRINUSE, operation: "make an authenticator")
            }
            handler = .serving
            return socket
        }
    }

    /// Takes the socket back; nobody is answered until the next authenticator.
    func returnHandler(_ socket: RawSocket) {
        handler.withLock { $0 = .waiting(socket) }
    }

    private func makeHandler() throws(ZeroMQError) -> RawSocket {
        let socket = try Socket(.router, in: self)
        try socket.bind("inproc://zeromq.zap.01")
        return socket.relinquish()
    }
}
