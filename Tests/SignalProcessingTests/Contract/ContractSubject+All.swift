extension ContractSubject {
    /// Every device, in a setting or several.
    static let all: [ContractSubject] =
        equalizer + compressor + busCompressor + bandDynamics + limiters + colour + reverbs + timeDevices
}
