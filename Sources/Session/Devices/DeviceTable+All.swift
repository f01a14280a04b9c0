extension DeviceDescription {
    /// Every device, in the order of the documentation.
    package static let all: [DeviceDescription] = [
        equalizer, compressor, busCompressor, multiband, gate, deEsser, transientShaper, limiter, clipper, saturator,
        reverb, convolver, delay, chorus, flanger, phaser, tremolo, width, align, utility, match,
    ]
}
