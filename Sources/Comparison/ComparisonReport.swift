/// Everything that one `lathe compare` came to.
package struct ComparisonReport: Sendable {
    /// Version of Lathe.
    package let lathe: String
    /// The arguments.
    package let nameA: String
    package let nameB: String
    package let options: ComparisonOptions
    package var pairs: [ComparedPair] = []
    package var onlyInA: [String] = []
    package var onlyInB: [String] = []
    /// What may be sound and was not looked at.
    package var passedOver: [PassedOver] = []
    /// Why something could not be compared: files by name, with the remedy.
    package var failures: [String] = []

    /// A report of nothing but reasons.
    package init(lathe: String, nameA: String, nameB: String, options: ComparisonOptions, failures: [String] = []) {
        self.lathe = lathe
        self.nameA = nameA
        self.nameB = nameB
        self.options = options
        self.failures = failures
    }

    /// Compares all pairs, one after the other.
    ///
    /// - Parameter progress: the pair's index, its stage, and 0 to 1.
    package init(
        _ files: FilePairs, nameA: String, nameB: String, lathe: String, _ options: ComparisonOptions,
        progress: (Int, String, Double) -> Void = { _, _, _ in }
    ) {
        self.init(lathe: lathe, nameA: nameA, nameB: nameB, options: options)
        onlyInA = files.onlyInA
        onlyInB = files.onlyInB
        passedOver = files.passedOver
        failures = files.missing
        for (index, pair) in files.pairs.enumerated() {
            let compared = PairComparison(pair, options).run { progress(index, $0, $1) }
            progress(index, compared.relation == nil ? "failed" : "done", 1)
            if case .failed(let reason) = compared.outcome { failures.append(reason) }
            pairs.append(compared)
        }
    }

    /// Whether nothing differs by more than the tolerance, nothing is missing, and everything was looked at.
    package var isSame: Bool {
        failures.isEmpty && onlyInA.isEmpty && onlyInB.isEmpty && passedOver.isEmpty && !pairs.isEmpty
            && pairs.allSatisfy { $0.relation.map { $0 != .different } ?? false }
    }

    /// 0 the same, 1 different, 2 something could not be compared.
    package var exitCode: Int32 { failures.isEmpty ? (isSame ? 0 : 1) : 2 }

    func count(_ relation: Relation) -> Int { pairs.count { $0.relation == relation } }
}
