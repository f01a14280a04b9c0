/// Port 0 through an impulse response that is as long as the memory of the program.
package struct ConvolveBody: Sendable, Hashable, Codable, CanonicallyEncodable {
    /// Where the impulse response comes from.
    package enum Response: Sendable, Hashable, Codable {
        /// The file on port 1, and on port 2 that of the right input, at their rate, by the parameters of a convolver.
        case file(parameters: [Double], rateHertz: Int, frameCount: Int, portCount: Int)
        /// Designed from the parameters of a linear-phase equalizer.
        case equalizer([Double])
        /// Ready on ports 1 and 2: what is heard of the left input, left and right, and what of the right one.
        case ready(frameCount: Int)
    }

    package var response: Response
    /// Frames that are read before the first and after the last frame of a segment; at least those of the response.
    package var historyFrames: Int
    package var lookaheadFrames: Int
    package var version: UInt32

    package init(response: Response, historyFrames: Int, lookaheadFrames: Int, version: UInt32) {
        precondition(historyFrames >= 0 && lookaheadFrames >= 0, "a response that reaches backwards")
        self.response = response
        self.historyFrames = historyFrames
        self.lookaheadFrames = lookaheadFrames
        self.version = version
    }

    /// The ports that hold the response, and how much of each is read.
    package var responsePorts: (ports: Range<Int>, frameCount: Int) {
        switch response {
        case .file(_, _, let frameCount, let portCount): (1..<1 + portCount, frameCount)
        case .equalizer: (1..<1, 0)
        case .ready(let frameCount): (1..<3, frameCount)
        }
    }

    package func encode(into encoder: inout CanonicalEncoder) {
        switch response {
        case .file(let parameters, let rateHertz, let frameCount, let portCount):
            encoder.put(UInt8(0))
            encoder.put(parameters)
            encoder.put(rateHertz)
            encoder.put(frameCount)
            encoder.put(portCount)
        case .equalizer(let parameters):
            encoder.put(UInt8(1))
            encoder.put(parameters)
        case .ready(let frameCount):
            encoder.put(UInt8(2))
            encoder.put(frameCount)
        }
        encoder.put(historyFrames)
        encoder.put(lookaheadFrames)
        encoder.put(Int(version))
    }
}

/// The response that brings port 0 close to the reference on port 1: two stereo streams as long as the program, what
/// is heard of the left input and what of the right one, with their middle on frame (length - 1) / 2.
package struct MatchBody: Sendable, Hashable, Codable, CanonicallyEncodable {
    /// The parameters of the device.
    package var parameters: [Double]
    package var referenceHertz: Int
    package var version: UInt32

    package init(parameters: [Double], referenceHertz: Int, version: UInt32) {
        self.parameters = parameters
        self.referenceHertz = referenceHertz
        self.version = version
    }

    package func encode(into encoder: inout CanonicalEncoder) {
        encoder.put(parameters)
        encoder.put(referenceHertz)
        encoder.put(Int(version))
    }
}
