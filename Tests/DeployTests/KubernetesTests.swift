import Foundation
import Testing
import Yams

/// The manifests agree with one another, and with what a farm is.
@Suite struct KubernetesTests {
    private func pods() throws -> [(name: String, spec: Node)] {
        try Deployment.manifests().flatMap { try Deployment.documents($0) }.compactMap { document in
            guard let spec = document.at(["spec", "template", "spec"]) else { return nil }
            return (document.text("metadata", "name") ?? "", spec)
        }
    }

    @Test func `every resource has a version, a kind and a name`() throws {
        for file in try Deployment.manifests() where !file.hasSuffix("prometheus-adapter-rule.yaml") {
            for document in try Deployment.documents(file) {
                #expect(document.text("apiVersion") != nil && document.text("kind") != nil, "\(file)")
                guard document.text("kind") != "Kustomization" else { continue }
                #expect(document.text("metadata", "name")?.wholeMatch(of: /lathe[a-z-]*/) != nil, "\(file)")
            }
        }
    }

    @Test func `a kustomization names files that are there`() throws {
        let lists = try Deployment.manifests().filter { $0.hasSuffix("kustomization.yaml") }
        #expect(lists.count == 3)
        for file in lists {
            let folder = (file as NSString).deletingLastPathComponent
            let resources = try #require(try Deployment.documents(file).first).list("resources")
            #expect(!resources.isEmpty)
            for name in resources.compactMap({ $0.scalar?.string }) {
                let path = Deployment.path("\(folder)/\(name)")
                #expect(FileManager.default.fileExists(atPath: path), "\(file): \(name)")
            }
        }
    }

    @Test func `pods keep to the restricted standard`() throws {
        let pods = try pods()
        #expect(pods.map(\.name) == ["lathe-coordinator", "lathe-worker"])
        for (name, pod) in pods {
            #expect(pod.text("securityContext", "runAsNonRoot") == "true", "\(name)")
            #expect(pod.text("securityContext", "seccompProfile", "type") == "RuntimeDefault", "\(name)")
            #expect(pod.text("automountServiceAccountToken") == "false", "\(name)")
            for container in pod.list("containers") + pod.list("initContainers") {
                let place = "\(name)/\(container.text("name") ?? "")"
                #expect(container.text("securityContext", "allowPrivilegeEscalation") == "false", "\(place)")
                #expect(container.text("securityContext", "readOnlyRootFilesystem") == "true", "\(place)")
                #expect(container.text("securityContext", "capabilities", "drop", "0") == "ALL", "\(place)")
                #expect(container.text("resources", "requests", "cpu") != nil, "\(place)")
                #expect(container.text("resources", "limits", "memory") != nil, "\(place)")
            }
        }
    }

    @Test func `what a container mounts is a volume of its pod`() throws {
        let claims = ["state"]
        for (name, pod) in try pods() {
            let volumes = pod.list("volumes").compactMap { $0.text("name") } + claims
            for container in pod.list("containers") + pod.list("initContainers") {
                for mount in container.list("volumeMounts").compactMap({ $0.text("name") }) {
                    #expect(volumes.contains(mount), "\(name): \(mount)")
                }
            }
        }
    }

    @Test func `a worker has time to drain, and nothing else tells it to`() throws {
        let worker = try #require(try pods().first { $0.name == "lathe-worker" }).spec
        #expect(try #require(worker.text("terminationGracePeriodSeconds").flatMap { Int($0) }) >= 90)
        #expect(worker.list("containers").allSatisfy { $0.at(["lifecycle"]) == nil })
        #expect(worker.list("containers").allSatisfy { $0.list("ports").isEmpty })
    }

    @Test func `a worker's store stays within its volume`() throws {
        let worker = try #require(try pods().first { $0.name == "lathe-worker" }).spec
        let variables = try #require(worker.list("containers").first).list("env")
        let limits = variables.filter { $0.text("name")?.hasSuffix("_LIMIT") == true }
            .compactMap { $0.text("value").flatMap { Int($0) } }
        #expect(limits.count == 2)
        let data = try #require(worker.list("volumes").first { $0.text("name") == "data" })
        let size = try #require(data.text("emptyDir", "sizeLimit")?.wholeMatch(of: /(\d+)Gi/))
        #expect(limits.reduce(0, +) < (Int(size.1) ?? 0) << 30)
    }

    @Test func `services and probes name ports that the coordinator has`() throws {
        let coordinator = try #require(try pods().first { $0.name == "lathe-coordinator" }).spec
        let container = try #require(coordinator.list("containers").first)
        let pairs = container.list("ports").map { ($0.text("name") ?? "", $0.text("containerPort") ?? "") }
        let ports = Dictionary(uniqueKeysWithValues: pairs)
        #expect(ports == ["control": "7700", "data": "7701", "enrolment": "7702", "http": "7780"])
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            #expect(container.text(probe, "httpGet", "port") == "http")
            let path = probe == "readinessProbe" ? "/readyz" : "/healthz"
            #expect(container.text(probe, "httpGet", "path") == path)
        }
        let services = try Deployment.documents("deploy/kubernetes/base/coordinator.yaml")
            .filter { $0.text("kind") == "Service" }
        #expect(services.count == 2)
        for port in services.flatMap({ $0.list("spec", "ports") }) {
            #expect(ports[port.text("targetPort") ?? ""] == port.text("port"))
        }
    }

    @Test func `only workers, clients and monitoring reach the coordinator`() throws {
        let policies = try Deployment.documents("deploy/kubernetes/base/network-policy.yaml")
        let coordinator = try #require(policies.first { $0.text("metadata", "name") == "lathe-coordinator" })
        let rules = coordinator.list("spec", "ingress")
        #expect(rules.count == 2)
        #expect(rules.first?.text("ports", "0", "port") == "7700")
        #expect(rules.first?.text("ports", "0", "endPort") == "7702")
        #expect(rules.last?.text("ports", "0", "port") == "7780")
        let nothing = try #require(policies.first { $0.text("metadata", "name") == "lathe-nothing" })
        #expect(nothing.at(["spec", "ingress"]) == nil)
        #expect(nothing.list("spec", "policyTypes").compactMap { $0.scalar?.string } == ["Ingress", "Egress"])
    }

    @Test func `both autoscalers follow the pending seconds of the same workers`() throws {
        let plain = try #require(try Deployment.documents("deploy/kubernetes/with-hpa/autoscaler.yaml").first)
        let keda = try #require(try Deployment.documents("deploy/kubernetes/with-keda/scaled-object.yaml").first)
        let rule = try Deployment.text("deploy/kubernetes/with-hpa/prometheus-adapter-rule.yaml")
        let metric = plain.text("spec", "metrics", "0", "external", "metric", "name")
        #expect(metric == "lathe_farm_pending_seconds")
        #expect(rule.contains("name: {as: lathe_farm_pending_seconds}"))
        #expect(keda.text("spec", "triggers", "0", "metadata", "query")?.contains("lathe_farm_pending_seconds") == true)
        for scaler in [plain, keda] { #expect(scaler.text("spec", "scaleTargetRef", "name") == "lathe-worker") }
        #expect(
            plain.text("spec", "metrics", "0", "external", "target", "averageValue")
                == keda.text("spec", "triggers", "0", "metadata", "threshold"))
    }
}
