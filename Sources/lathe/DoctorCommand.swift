import ArgumentParser
import Farm
import Foundation
import SoundFiles
import Storage
import ZeroMQ

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Checks this machine; each line says ok or the remedy.",
        discussion: "Exit 0 when a render can run here, 2 when not.")

    @Option(name: .long, help: "The store's directory (default: $XDG_CACHE_HOME/lathe).") var store: String?
    @Flag(help: "One JSON document on standard output.") var json = false

    struct Line: Encodable {
        var what: String
        var isOK: Bool
        var detail: String
        var remedy: String?
    }

    func run() throws {
        var lines: [Line] = []
        lines.append(
            Line(
                what: "processor", isOK: Machine.hasKernelBaseline, detail: Machine.processorModel,
                remedy: Machine.hasKernelBaseline
                    ? nil : "Lathe needs x86-64-v3 (AVX2, FMA, BMI2). Use a machine from 2015 or later."))
        lines.append(Line(what: "sound library", isOK: true, detail: SoundLibraries.soundFile))
        do {
            lines.append(Line(what: "FLAC encoder", isOK: true, detail: try SoundLibraries.flacEncoder()))
        } catch {
            lines.append(
                Line(
                    what: "FLAC encoder", isOK: false, detail: "\(error)",
                    remedy: "Install a libsndfile that was built with FLAC (Debian: libsndfile1)."))
        }
        lines.append(transport())
        lines.append(encryption())
        lines += storage()
        lines.append(clock())
        if json {
            try printJSON(lines)
        } else {
            for line in lines {
                print("\(line.isOK ? "ok   " : "NOT OK") \(line.what): \(line.detail)")
                if let remedy = line.remedy { print("       \(remedy)") }
            }
        }
        if lines.contains(where: { !$0.isOK }) { throw Failure(code: Exit.couldNotRun, hasDocument: json) }
    }

    private func transport() -> Line {
        do {
            return Line(what: "ZeroMQ", isOK: true, detail: try EmbeddedFarm.checkTransport())
        } catch {
            return Line(
                what: "ZeroMQ", isOK: false, detail: "\(error)",
                remedy: "A socket cannot be opened: set TMPDIR to a short path that can be written.")
        }
    }

    private func encryption() -> Line {
        let isThere = Context.has("curve")
        return Line(
            what: "encryption", isOK: isThere, detail: isThere ? "CURVE" : "this libzmq has no CURVE",
            remedy: isThere
                ? nil : "For farms of several machines install a libzmq built with libsodium (Debian: libzmq5).")
    }

    private func storage() -> [Line] {
        do {
            let opened = try openStore(store)
            let space = try DiskSpace(ofDirectory: opened.directory)
            let isRoomy = space.availableByteCount > 2_000_000_000
            return [
                Line(what: "store", isOK: true, detail: opened.directory),
                Line(
                    what: "disk", isOK: isRoomy, detail: "\(sizeText(space.availableByteCount)) free",
                    remedy: isRoomy ? nil : "Free some space, or point --store at another disk."),
            ]
        } catch let failure as Failure {
            return [
                Line(
                    what: "store", isOK: false, detail: failure.message ?? "cannot be opened",
                    remedy: "Point --store at a local directory that can be written.")
            ]
        } catch {
            return [Line(what: "store", isOK: false, detail: "\(error)", remedy: "Point --store at another directory.")]
        }
    }

    /// No clock reaches a sample; a wrong one only makes the store evict the wrong things first.
    private func clock() -> Line {
        let year = Calendar(identifier: .gregorian).component(.year, from: Date())
        let isPlausible = (2024...2100).contains(year)
        return Line(
            what: "clock", isOK: isPlausible, detail: "the year is \(year)",
            remedy: isPlausible ? nil : "Set the clock: the store keeps what was used last by it.")
    }
}
