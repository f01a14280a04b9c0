package import FarmProtocol
package import RenderPlan

// MARK: Questions

extension CoordinatorMachine {
    /// The result of a task of a live job, if it has one.
    package func result(of task: TaskID, in job: JobID) -> TaskResult? {
        guard let slot = jobSlots[job], let index = jobs[slot].index(of: task) else { return nil }
        return jobs[slot].tasks[index].result
    }

    /// True where a task's key is known now and it has to run. The key of a task whose inputs were taken back is not.
    package func mustRun(_ task: TaskID, in job: JobID) -> Bool {
        guard let slot = jobSlots[job], let index = jobs[slot].index(of: task) else { return false }
        return jobs[slot].tasks[index].mustRun
    }

    /// How many segment tasks of a live job have a result, of how many.
    package func progress(of job: JobID) -> (done: Int, total: Int)? {
        guard let slot = jobSlots[job], jobs[slot].isActive else { return nil }
        return (jobs[slot].doneCount, jobs[slot].tasks.count)
    }

    /// The lease that a worker has, if any.
    package func lease(of peer: Peer) -> LeaseID? { workerSlots[peer].flatMap { workers[$0].lease?.id } }

    /// Live workers in the order of their names.
    package var livePeers: [Peer] { workers.filter { !$0.isGone }.map(\.peer).sorted() }

    /// Jobs that have not ended, in order of submission.
    package var liveJobs: [JobID] { activeJobs.map { jobs[$0].id } }
}

extension CoordinatorMachine {
    /// What keeps each unfinished program of a job waiting, one line each: the answer to "why does it not go on?".
    package func explanation(of id: JobID) -> String {
        guard let slot = jobSlots[id], jobs[slot].isActive else { return "\(id) is not live" }
        let job = jobs[slot]
        var lines = [
            "closed \(job.isClosed), unsettled \(job.unsettledCount), undelivered \(job.undeliveredCount), "
                + "leases \(job.leaseCount), look-ups \(job.lookUpCount), blocked \(job.blockedCount), "
                + "missing \(job.missing.count)"
        ]
        for (program, state) in job.programs.enumerated() {
            for task in state.base..<state.end where !job.tasks[task].isSettled {
                let state = job.tasks[task]
                let mark = job.programs[program].isFailed ? "failed " : ""
                lines.append(
                    "\(mark)\(job.name(of: task)) is \(state.phase), runs again \(state.runsAgain), "
                        + "inputs wanting \(state.unmetCount), holder \(state.holder), queued \(state.isQueued)"
                )
                break
            }
            if state.shape.isDelivered, !state.isFailed, state.deliveryCursor < state.shape.segmentCount {
                lines.append("p\(program) is delivered up to \(state.deliveryCursor)")
            }
        }
        return lines.joined(separator: "\n  ")
    }
}
