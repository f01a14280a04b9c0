import CZeroMQ
import Foundation

/// The same frames with nothing behind them: what libzmq itself does with a ROUTER and the same number of DEALERs.
///
/// Every DEALER sends a message of a RESULT's size; the ROUTER answers with two of COMMIT's and LEASE's sizes; at the
/// second the DEALER sends again. The farm moves as many messages for each task.
struct RawPingPong {
    /// Bytes of the four frames of each kind.
    static let result = [230, 24, 8, 0]
    static let answers = [[210, 0, 8, 0], [130, 24, 8, 0]]

    let taskCount: Int
    let workerCount: Int

    func run() throws -> Cost {
        let context = zmq_ctx_new()
        defer { _ = zmq_ctx_term(context) }
        let socket = zmq_socket(context, ZMQ_ROUTER)
        var linger: CInt = 0
        _ = zmq_setsockopt(socket, ZMQ_LINGER, &linger, MemoryLayout<CInt>.size)
        let endpoint = "tcp://127.0.0.1:\(31_000 + Int(seconds(CLOCK_MONOTONIC) * 1000) % 10_000)"
        guard zmq_bind(socket, endpoint) == 0 else { throw CocoaError(.fileReadUnknown) }
        defer { _ = zmq_close(socket) }
        let echoes = try startAgain(["echoes", "--endpoint", endpoint, "--count", "\(workerCount)"])
        defer {
            echoes.terminate()
            echoes.waitUntilExit()
        }
        var identities: [[UInt8]] = []
        for _ in 0..<workerCount { identities.append(receive(socket)[0]) }
        let watch = Stopwatch()
        for identity in identities { answer(socket, identity) }
        for count in 1...taskCount {
            let identity = receive(socket)[0]
            if count <= taskCount - workerCount { answer(socket, identity) }
        }
        return watch.cost(taskCount: taskCount)
    }

    private func answer(_ socket: UnsafeMutableRawPointer?, _ identity: [UInt8]) {
        for sizes in Self.answers {
            _ = zmq_send(socket, identity, identity.count, ZMQ_SNDMORE)
            send(socket, sizes)
        }
    }
}

/// The DEALERs of `RawPingPong`, a thread each.
struct RawEchoes: Sendable {
    let endpoint: String
    let count: Int

    init(_ arguments: Arguments) {
        endpoint = arguments.word("endpoint")
        count = arguments.number("count", 4)
    }

    func run() throws {
        for _ in 0..<count {
            Thread {
                let socket = zmq_socket(zmq_ctx_new(), ZMQ_DEALER)
                _ = zmq_connect(socket, endpoint)
                send(socket, RawPingPong.result)
                while true {
                    for _ in RawPingPong.answers { _ = receive(socket) }
                    send(socket, RawPingPong.result)
                }
            }.start()
        }
        let parent = getppid()
        while getppid() == parent { sleep(1) }
    }
}

private let zeros = [UInt8](repeating: 0, count: 4096)

private func send(_ socket: UnsafeMutableRawPointer?, _ sizes: [Int]) {
    for (index, size) in sizes.enumerated() {
        _ = zmq_send(socket, zeros, size, index == sizes.count - 1 ? 0 : ZMQ_SNDMORE)
    }
}

private func receive(_ socket: UnsafeMutableRawPointer?) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    var hasMore = true
    while hasMore {
        var message = zmq_msg_t()
        _ = zmq_msg_init(&message)
        guard zmq_msg_recv(&message, socket, 0) >= 0 else { exit(1) }
        hasMore = zmq_msg_more(&message) != 0
        frames.append([UInt8](UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message))))
        _ = zmq_msg_close(&message)
    }
    return frames
}
