import Foundation
import Testing
import ZeroMQ

/// A fresh directory for ipc endpoints, removed with the value.
final class EndpointDirectory {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "zmq-\(UInt32.random(in: .min ... .max))"
            ).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func endpoint(_ name: String = "s") -> String { "ipc://\(path)/\(name)" }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func options(_ change: (inout SocketOptions) -> Void) -> SocketOptions {
    var options = SocketOptions()
    options.reconnectIntervalMilliseconds = 20
    change(&options)
    return options
}

/// Waits for a message, at most five seconds.
func receive(_ socket: Socket, within milliseconds: Int = 5000) throws -> [[UInt8]]? {
    if let message = try socket.receive() { return message }
    var poller = Poller()
    _ = poller.add(socket)
    let deadline = Date(timeIntervalSinceNow: Double(milliseconds) / 1000)
    while Date() < deadline {
        _ = try poller.wait(timeoutMilliseconds: 50)
        if let message = try socket.receive() { return message }
    }
    return nil
}

/// Sends, waiting at most five seconds for room or for the peer to appear.
func sendEventually(_ socket: Socket, _ frames: [[UInt8]]) throws -> SendOutcome {
    var outcome = try socket.send(frames: frames)
    for _ in 0..<500 where outcome != .sent {
        usleep(10_000)
        outcome = try socket.send(frames: frames)
    }
    return outcome
}

/// Asks until the condition holds, at most five seconds.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<3_000 {
        if try condition() { return true }
        usleep(10_000)
    }
    return false
}
