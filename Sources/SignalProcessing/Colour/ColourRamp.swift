/// A number per frame that moves in a straight line from one value to the next over eight frames of the control grid.
struct ColourRamp: Sendable {
    private(set) var value: Float
    private var previous: Float
    /// One value per frame of a chunk, and whether all of it is `value`.
    private(set) var frames: [Float]
    private var isLevel = true

    init(_ value: Double) {
        self.value = Float(value)
        previous = self.value
        frames = [Float](repeating: self.value, count: Oversampler.chunkFrames + 8)
    }

    mutating func move(to value: Double) {
        previous = self.value
        self.value = Float(value)
    }

    /// Sets `frames` from the frame `position` of a glide on, or to the value reached where that is nil.
    mutating func prepare(position: Int?, count: Int) {
        guard let position, previous != value else {
            if !isLevel {
                for i in frames.indices { frames[i] = value }
                isLevel = true
            }
            return
        }
        isLevel = false
        for i in 0..<count {
            let step = Float(position + i + 1) * 0.125
            frames[i] = step == 1 ? value : previous + (value - previous) * step
        }
        for i in count..<frames.count { frames[i] = value }
    }
}

/// How far a device is on its way to new parameters: chunks never cross the end of a glide.
struct ColourGlide: Sendable {
    private var position = 8

    /// From the next frame on.
    mutating func begin() { position = 0 }
    mutating func end() { position = 8 }

    /// Frames of the next chunk, and where in the glide it begins; nil after it.
    func next(remaining: Int) -> (count: Int, position: Int?) {
        guard position < 8 else { return (min(remaining, Oversampler.chunkFrames), nil) }
        return (min(remaining, 8 - position), position)
    }

    mutating func advance(count: Int) { if position < 8 { position += count } }
}
