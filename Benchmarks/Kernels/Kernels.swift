/// Prints what the kernels of signal processing do in memory, one core: `Kernels [MUSIC.wav [ROUNDS]]`.
///
/// MUSIC is a stereo file of 48 kHz and 50 s or more; without one, noise is measured. Each row is the median and the
/// best of ROUNDS (default 9) rounds, in CPU time of the process. KERNEL in the environment is a part of the names of
/// the rows wanted.
@main
struct Kernels {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        let rounds = arguments.dropFirst().first.flatMap { Int($0) } ?? 9
        let music =
            try arguments.first.map { try Music(path: $0) } ?? Music(noiseSeconds: 20, rateHertz: 48_000)
        print("| kernel | median | best | unit |\n|---|---|---|---|")
        for measure in [laneMeasurements, stereoMeasurements, windowMeasurements] {
            for measurement in measure(music, rounds) where measurement.isMeasured { print(measurement.row) }
        }
    }
}
