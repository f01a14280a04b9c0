/// Names of files for listening: a stretch of a song, never to be taken for a release.
package enum PreviewName {
    /// `Ferry 1.02-1.30.preview.wav`.
    ///
    /// - Parameter range: As in `1.02-1.30`.
    package static func mix(_ title: String, range: String) -> String {
        "\(FileName.component(title)) \(range).preview.wav"
    }

    /// Per stem `Ferry 1.02-1.30.stems/01 Drums.preview.wav`, then that of the pre-master.
    package static func stems(_ title: String, names: [String], range: String) -> [String] {
        let folder = "\(FileName.component(title)) \(range).stems"
        return names.enumerated().map { number, name in
            "\(folder)/\(number < 9 ? "0" : "")\(number + 1) \(FileName.sanitised(name)).preview.wav"
        } + ["\(folder)/pre-master.preview.wav"]
    }
}
