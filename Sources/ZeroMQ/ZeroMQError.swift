internal import CZeroMQ
internal import Glibc

/// A failure of the messaging library or of the system below it, with what to do about it.
///
/// Two errors are equal when their codes are.
package struct ZeroMQError: Error, Equatable, CustomStringConvertible {
    /// What kind of failure this is. Kinds may be added.
    package enum Code: Sendable, Hashable {
        /// Another process, or another socket of this one, holds the endpoint.
        case addressInUse
        /// The endpoint is misspelt, too long, or names no local interface.
        case addressUnusable
        /// The process or the context has no descriptor or socket left.
        case tooManyDescriptors
        /// The context was shut down while the socket was in use.
        case contextTerminated
        /// An option has a value that libzmq does not accept.
        case optionRefused
        /// A message or a call goes beyond a limit of this module.
        case limitExceeded
        /// This libzmq was built without what is asked for.
        case unsupported
        /// Anything else; see `systemError`.
        case failed
    }

    package let code: Code
    /// The libzmq or system call that failed, with the endpoint or the option where there is one.
    package let operation: String
    /// The errno it left behind; 0 where this module refused before calling.
    package let systemError: CInt
    /// What happened and how to remedy it.
    package let message: String

    package static func == (a: ZeroMQError, b: ZeroMQError) -> Bool { a.code == b.code }

    package var description: String { "\(operation): \(message)" }

    init(code: Code, operation: String, systemError: CInt, message: String) {
        self.code = code
        self.operation = operation
        self.systemError = systemError
        self.message = message
    }

    init(systemError: CInt, operation: String) {
        let reason = String(cString: zmq_strerror(systemError))
        let (code, remedy): (Code, String) =
            switch systemError {
            case EADDRINUSE:
                (.addressInUse, "end the process that listens there, or choose another endpoint")
            case EADDRNOTAVAIL, ENODEV, ENOENT, ENAMETOOLONG, EPROTONOSUPPORT, ENOTDIR:
                (.addressUnusable, "use ipc:// with an existing directory, or tcp:// with a local address")
            case EACCES, EPERM:
                (.addressUnusable, "choose a directory that you may write to, or a port above 1023")
            case EMFILE, ENFILE:
                (.tooManyDescriptors, "raise the limit of open files (ulimit -n)")
            case lathe_eterm:
                (.contextTerminated, "the farm is stopping; use no socket after the context was shut down")
            case EINVAL:
                (.addressUnusable, "check the spelling: ipc:///path or tcp://address:port")
            default:
                (.failed, "see errno \(systemError)")
            }
        self.init(
            code: code, operation: operation, systemError: systemError, message: "\(reason); \(remedy)")
    }
}

/// The one gate through which every libzmq call goes.
///
/// Calls interrupted by a signal are repeated; EAGAIN is a result (nil), since every call here is
/// non-blocking where it can block. EFAULT and ENOTSOCK mean that this module is wrong and trap.
func callZeroMQ(
    _ operation: @autoclosure () -> String, _ body: () -> CInt
) throws(ZeroMQError) -> CInt? {
    while true {
        let result = body()
        if result >= 0 { return result }
        let code = zmq_errno()
        switch code {
        case EINTR: continue
        case EAGAIN: return nil
        case EFAULT, ENOTSOCK:
            preconditionFailure("\(operation()): invalid socket or buffer (errno \(code))")
        default: throw ZeroMQError(systemError: code, operation: operation())
        }
    }
}
