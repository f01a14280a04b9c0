import Foundation
import Testing

/// The systemd units: directives that exist, in the section they belong to, and the hardening that was measured.
@Suite struct UnitFileTests {
    static let units = ["lathe-coordinator.service", "lathe-worker.service", "lathe-worker@.service"]

    /// Directives of systemd 252 that a unit here may use: systemd.unit(5), .service(5), .exec(5), .kill(5) and
    /// .resource-control(5).
    private static let directives: [String: Set<String>] = [
        "Unit": ["Description", "Documentation", "After", "Wants", "StartLimitIntervalSec"],
        "Service": [
            "Type", "Environment", "EnvironmentFile", "ExecStart", "User", "DynamicUser", "WorkingDirectory",
            "StateDirectory", "StateDirectoryMode", "CacheDirectory", "CacheDirectoryMode", "RuntimeDirectory",
            "RuntimeDirectoryMode", "LoadCredential", "UMask", "KillSignal", "KillMode", "TimeoutStopSec",
            "SuccessExitStatus", "Restart", "RestartSec", "Nice", "CPUSchedulingPolicy", "IOSchedulingClass",
            "OOMScoreAdjust", "OOMPolicy", "LimitNOFILE", "LimitCORE", "LogRateLimitIntervalSec", "LogRateLimitBurst",
            "NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities", "ProtectSystem", "ProtectHome",
            "ProtectProc", "ProtectClock", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules",
            "ProtectKernelTunables", "ProtectControlGroups", "PrivateTmp", "PrivateDevices", "PrivateUsers",
            "PrivateMounts", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "RestrictAddressFamilies",
            "RemoveIPC", "KeyringMode", "LockPersonality", "MemoryDenyWriteExecute", "SystemCallArchitectures",
            "SystemCallFilter", "SystemCallErrorNumber", "SocketBindAllow", "SocketBindDeny", "IPAddressAllow",
            "IPAddressDeny",
        ],
        "Install": ["WantedBy"],
    ]

    private struct Line {
        var section: String
        var name: String
        var value: String
    }

    private func lines(_ unit: String) throws -> [Line] {
        let text = try Deployment.text("deploy/systemd/\(unit)").replacing(/\\\n\s*/, with: "")
        var section = ""
        var lines: [Line] = []
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix("[") {
                section = String(line.dropFirst().dropLast())
            } else {
                let equals = try #require(line.firstIndex(of: "="), "\(unit): \(line)")
                let value = String(line[line.index(after: equals)...])
                lines.append(Line(section: section, name: String(line[..<equals]), value: value))
            }
        }
        return lines
    }

    @Test(arguments: units) func `a unit has only directives that exist`(unit: String) throws {
        for line in try lines(unit) {
            #expect(Self.directives[line.section]?.contains(line.name) == true, "[\(line.section)] \(line.name)")
        }
    }

    @Test(arguments: units) func `a unit is hardened`(unit: String) throws {
        let service = try lines(unit).filter { $0.section == "Service" }
        let expected = [
            "DynamicUser": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
            "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "MemoryDenyWriteExecute": "yes",
            "SystemCallArchitectures": "native", "PrivateDevices": "yes", "RestrictNamespaces": "yes",
            "IPAddressDeny": "any", "SocketBindDeny": "any", "UMask": "0077", "LimitCORE": "0",
            "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
        ]
        for (name, value) in expected {
            #expect(service.filter { $0.name == name }.map(\.value) == [value], "\(name)")
        }
        // libzmq ends the process where sched_setscheduler is refused: it is let in again, last.
        #expect(
            service.filter { $0.name == "SystemCallFilter" }.map(\.value)
                == ["@system-service", "~@privileged @resources", "sched_setscheduler setpriority"])
        #expect(service.contains { $0.name == "LimitNOFILE" })
        #expect(service.contains { $0.name == "LogRateLimitBurst" })
    }

    /// A worker drains on the first SIGTERM and leaves at once on the second: it must get one, and time.
    @Test(arguments: units) func `a unit ends its service by one signal`(unit: String) throws {
        let service = try lines(unit).filter { $0.section == "Service" }
        func value(_ name: String) -> String? { service.first { $0.name == name }?.value }
        #expect(value("KillSignal") == "SIGTERM")
        #expect(value("KillMode") == "mixed")
        #expect(value("SuccessExitStatus") == "143")
        #expect(try #require(value("TimeoutStopSec").flatMap { Int($0) }) >= 60)
    }

    @Test func `the two kinds of worker differ in their names only`() throws {
        let plain = try lines("lathe-worker.service").map { "[\($0.section)] \($0.name)=\($0.value)" }
        let instance = try lines("lathe-worker@.service").map { "[\($0.section)] \($0.name)=\($0.value)" }
        #expect(instance.map { $0.replacing(/[- ]%i/, with: "") } == plain)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze")))
    func `systemd finds nothing wrong with the units`() throws {
        let script = Deployment.path("deploy/systemd/test.sh")
        let (status, output) = try Deployment.run([script])
        #expect(status == 0, "\(output)")
    }
}
