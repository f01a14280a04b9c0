import Foundation
import TestSupport
import Testing

/// deploy/slurm/lathe-workers.sbatch with stand-ins for Slurm's commands; deploy/slurm/test.sh runs it in a real one.
@Suite struct SlurmScriptTests {
    /// What the batch script did.
    private struct Outcome {
        var status: Int32
        var output: String
        /// What the stand-ins were called with, in order.
        var calls: [String]
    }

    /// - Parameters:
    ///   - state: what squeue says when the worker has ended.
    ///   - isPreempted: whether scontrol shows a time of preemption.
    ///   - event: `limit` is a SIGTERM to the script, `drained` is a worker that leaves by itself.
    private func run(
        state: String = "RUNNING", isPreempted: Bool = false, event: String = "drained", settings: String? = nil,
        environment: [String: String] = [:]
    ) throws -> Outcome {
        let folder = try TemporaryDirectory("slurm-script")
        let log = try folder.write("calls", "")
        // As functions: a program that was just written cannot always be executed while other threads start processes.
        let stubs = [
            // Drops its own options and becomes the step.
            "srun": "while [[ $1 == --* ]]; do shift; done; exec bash \"$@\"",
            "squeue": "echo \(state)",
            "scancel": "echo \"scancel $*\" >>'\(log)'; kill -TERM \"$(cat '\(folder.path)/worker')\"",
            "scontrol": """
            if [ "$1" != show ]; then echo "scontrol $*" >>'\(log)'; return; fi
            echo "PreemptTime=\(isPreempted ? "2026-01-02T03:04:05" : "None")"
            """,
        ]
        let lathe = try folder.write(
            "bin/lathe",
            """
            echo $$ >'\(folder.path)/worker'
            echo "lathe $*" >>'\(log)'
            [ \(event) = limit ] || exit 0
            trap 'exit 143' TERM
            kill -TERM "$PPID"
            while :; do sleep 0.05; done
            """)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: lathe)
        let standard = """
            LATHE=\(folder.path)/bin/lathe
            LATHE_COORDINATOR=tcp://farm:7700
            LATHE_KEYS=\(folder.path)/keys
            LATHE_STORE=\(folder.path)/scratch
            """
        try folder.write("keys/3/secret.key", "-")
        try folder.write("farm.env", settings ?? standard)
        var variables = [
            "PATH": "\(folder.path)/bin:/usr/bin:/bin", "SLURM_SUBMIT_DIR": folder.path, "SLURM_JOB_ID": "41",
            "SLURM_ARRAY_JOB_ID": "41", "SLURM_ARRAY_TASK_ID": "3", "SLURM_CPUS_PER_TASK": "8", "SLURMD_NODENAME": "n7",
        ]
        for (name, text) in stubs { variables["BASH_FUNC_\(name)%%"] = "() { \(text)\n}" }
        variables.merge(environment) { $1 }
        let script = Deployment.path("deploy/slurm/lathe-workers.sbatch")
        let (status, output) = try Deployment.run(["bash", script], environment: variables, folder: folder.path)
        let calls = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map {
            $0.replacingOccurrences(of: folder.path, with: "DIR")
        }
        return Outcome(status: status, output: output, calls: calls)
    }

    @Test func `an element starts a worker with its processors, on the store that is free`() throws {
        let outcome = try run()
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(
            outcome.calls == [
                "lathe worker --connect tcp://farm:7700 --keys DIR/keys/3 --store DIR/scratch/worker-0 --slots 8"
            ])
    }

    /// The last element's job id is the array's: with it, SIGTERM would reach every element.
    @Test func `near the time limit this element drains, and goes back into the queue`() throws {
        let outcome = try run(event: "limit")
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.calls.dropFirst() == ["scancel --signal=TERM 41_3", "scontrol requeue 41_3"])
    }

    @Test func `a preempted element that drained in its grace time goes back into the queue`() throws {
        #expect(try run(isPreempted: true).calls.dropFirst() == ["scontrol requeue 41_3"])
    }

    @Test func `a worker that an operator drained stays away`() throws {
        #expect(try run().calls.count == 1)
    }

    @Test func `a cancelled element stays away`() throws {
        #expect(try run(state: "COMPLETING", isPreempted: true).calls.count == 1)
    }

    @Test func `settings that are missing end the element with the remedy`() throws {
        let none = try run(environment: ["LATHE_FARM_ENV": "/nowhere/farm.env"])
        #expect(none.status == 2)
        #expect(none.output.contains("Copy deploy/slurm/farm.env.example"))
        let keyless = try run(environment: ["SLURM_ARRAY_TASK_ID": "4"])
        #expect(keyless.status == 2)
        #expect(keyless.output.contains("enrol-workers.sh"))
        let empty = try run(settings: "LATHE=/bin/true\n")
        #expect(empty.status == 2)
        #expect(empty.output.contains("LATHE_COORDINATOR is not set"))
    }

    @Test func `without a scratch directory the store goes with the job`() throws {
        let folder = try TemporaryDirectory("slurm-tmp")
        let outcome = try run(
            settings: "LATHE=lathe\nLATHE_COORDINATOR=tcp://farm:7700\nLATHE_KEYS=$SLURM_SUBMIT_DIR/keys\n",
            environment: ["SLURM_TMPDIR": folder.path])
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.calls.first?.contains("--store \(folder.path)/lathe-worker.") == true, "\(outcome.calls)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test func `the array asks Slurm for a warning and for its place in the queue`() throws {
        let text = try Deployment.text("deploy/slurm/lathe-workers.sbatch")
        for option in ["--signal=B:TERM@60", "--requeue", "--nodes=1", "--open-mode=append"] {
            #expect(text.contains("\n#SBATCH \(option)\n"), "\(option)")
        }
    }
}
