import Terminal
import Testing

/// Several albums in one display.
@Suite struct AlbumProgressTests {
    private func song(_ title: String, _ album: String?, _ done: Int, stage: String = "mixing") -> ProgressModel.Song {
        ProgressModel.Song(
            title: title, stage: stage, segmentsDone: done, segmentCount: 10, isFinished: done == 10, album: album)
    }

    @Test func `each album is one line, and one album alone shows its songs`() {
        let alone = ProgressModel(songs: [song("A", nil, 4), song("B", nil, 0)])
        #expect(alone.byAlbum == alone)
        let both = ProgressModel(
            songs: [song("A", "One", 10), song("B", "One", 4), song("C", "Two", 0, stage: "waiting")], pass: 2)
        let rows = both.byAlbum.songs
        #expect(rows.map(\.title) == ["One", "Two"])
        #expect(rows[0].segmentsDone == 14 && rows[0].segmentCount == 20 && !rows[0].isFinished)
        #expect(rows[0].stage == "mixing, 1 of 2 songs done")
        #expect(rows[1].stage == "waiting")
        #expect(both.byAlbum.pass == 2 && both.byAlbum.segmentsDone == both.segmentsDone)
    }

    @Test func `an album whose song failed says which, and one whose songs are done is done`() {
        var failed = song("B", "One", 4)
        failed.failure = "the gate gave NaN"
        let model = ProgressModel(songs: [song("A", "One", 10), failed, song("C", "Two", 10), song("D", "Two", 10)])
        #expect(model.byAlbum.songs.map(\.failure) == ["B: the gate gave NaN", nil])
        #expect(model.byAlbum.songs.map(\.isFinished) == [false, true])
    }
}
