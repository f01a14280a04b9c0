import RenderPlan
import SoundFiles
import Testing

@Suite struct EncodedStretchTests {
    @Test func `a segment of an encoder's program is whole blocks of the file`() {
        #expect(EncodeBody.blockFrames == FlacBlocks.frameCount)
        for frames in [1, 4_096, 4_097, 24_000, 441_000, 480_000] {
            let length = EncodeBody.segmentFrames(over: frames)
            #expect(length % FlacBlocks.frameCount == 0 && (frames..<frames + FlacBlocks.frameCount).contains(length))
        }
    }
}
