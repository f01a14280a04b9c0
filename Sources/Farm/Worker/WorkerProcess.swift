import CLinuxProcess
import FarmCoordination
import Foundation
import Synchronization
import ZeroMQ

/// The body of a worker process: reads its configuration, connects, works until told to leave.
package enum WorkerProcess {
    /// - Parameters:
    ///   - configurationPath: Written by the parent; removed once read.
    ///   - parent: The process that must stay alive.
    package static func run(configurationPath: String, endpoint: String, parent: Int32) throws {
        lathe_die_with_parent()
        // The parent may have died before the kernel was asked: then nobody waits for this worker.
        guard getppid() == parent else { return }
        let data = try Data(contentsOf: URL(fileURLWithPath: configurationPath))
        try? FileManager.default.removeItem(atPath: configurationPath)  // its directory goes with the parent
        let configuration = try JSONDecoder().decode(WorkerConfiguration.self, from: data)
        Signals.countTerminations()
        startThread(named: "parent watch") {
            while getppid() == parent { usleep(200_000) }
            _exit(0)
        }
        let context = try Context()
        let transport = try DealerTransport(context: context, endpoint: endpoint, peer: configuration.peer)
        Signals.wakeUpDescriptor.store(transport.wakeUp.descriptor, ordering: .relaxed)
        let host = try WorkerHost(configuration, transport: transport) { Signals.terminationCount }
        _ = try host.run()
        // The render thread may be in the middle of a segment that nobody wants: it ends with the process.
        exit(0)
    }
}

/// SIGTERM and SIGINT, counted.
package enum Signals {
    private static let count = Atomic<Int>(0)

    package static var terminationCount: Int { count.load(ordering: .relaxed) }

    /// From now on SIGTERM asks for a drain. SIGINT goes to the whole foreground group and is the parent's affair.
    static func countTerminations() {
        signal(SIGINT, SIG_IGN)
        signal(SIGTERM) { _ in
            Signals.count.add(1, ordering: .relaxed)
            // write(2) is allowed in a handler, and ends the wait for messages.
            var one: UInt64 = 1
            _ = write(Signals.wakeUpDescriptor.load(ordering: .relaxed), &one, 8)
        }
    }

    /// The same for a slot, for which its supervisor speaks: SIGTERM is a drain however often it comes, since whoever
    /// stops a whole tree of processes (Slurm does) reaches slots and supervisor alike. SIGUSR1 is the supervisor's
    /// second word: leave at once.
    static func countSupervisorsSignals() {
        signal(SIGINT, SIG_IGN)
        for number in [SIGTERM, SIGUSR1] {
            signal(number) { number in
                Signals.count.max(number == SIGTERM ? 1 : 2, ordering: .relaxed)
                var one: UInt64 = 1
                _ = write(Signals.wakeUpDescriptor.load(ordering: .relaxed), &one, 8)
            }
        }
    }

    /// Whom SIGTERM wakes; -1 for nobody.
    static let wakeUpDescriptor = Atomic<Int32>(-1)

    /// For the command itself: SIGINT and SIGTERM ask it to stop; which one came is remembered.
    package static func countInterrupts() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Signals.last.store(Int(number), ordering: .relaxed)
                Signals.count.add(1, ordering: .relaxed)
            }
        }
    }

    private static let last = Atomic<Int>(0)
    /// The signal that asked this process to stop; 0 for none.
    package static var stopSignal: Int { last.load(ordering: .relaxed) }
}
