// xmod: another implementation (golang.org/x/mod) reads what we wrote.
//
//	xmod VKEY TILES PROOF RECORD
//
// verifies the signed head of the directory TILES, computes its root through the tiles,
// proves every entry, and checks the proof file PROOF of the bytes in RECORD.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "xmod:", err)
		os.Exit(1)
	}
}

func check(good bool, what string) {
	if !good {
		must(fmt.Errorf("%s", what))
	}
}

type tiles struct{ dir string }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range list {
		b, err := os.ReadFile(filepath.Join(t.dir, strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func head(signed []byte, vkey string) (int64, tlog.Hash) {
	v, err := note.NewVerifier(vkey)
	must(err)
	n, err := note.Open(signed, note.VerifierList(v))
	must(err)
	lines := strings.Split(n.Text, "\n")
	check(lines[0] == v.Name(), "the head has another origin than its key")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	var h tlog.Hash
	copy(h[:], root)
	return size, h
}

func checkTiles(vkey, dir string) {
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	must(err)
	size, root := head(signed, vkey)
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles{dir})
	got, err := tlog.TreeHash(size, reader)
	must(err)
	check(got == root, "the tiles give another root")
	for i := int64(0); i < size; i++ {
		name := fmt.Sprintf("tile/entries/%03d", i/256)
		if size/256 == i/256 {
			name += fmt.Sprintf(".p/%d", size%256)
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		must(err)
		entry := b[i%256*66+2 : i%256*66+66]
		proof, err := tlog.ProveRecord(size, i, reader)
		must(err)
		must(tlog.CheckRecord(proof, size, root, i, tlog.RecordHash(entry)))
	}
}

func checkProof(vkey, file, record string) {
	b, err := os.ReadFile(file)
	must(err)
	bytesOf, err := os.ReadFile(record)
	must(err)
	top, signed, found := bytes.Cut(b, []byte("\n\n"))
	check(found, "the proof has no head")
	lines := strings.Split(string(top), "\n")
	check(lines[0] == "c2sp.org/tlog-proof@v1", "the proof is of another format")
	extra, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	must(err)
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	must(err)
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		h, err := tlog.ParseHash(line)
		must(err)
		proof = append(proof, h)
	}
	commitment := sha256.New()
	commitment.Write([]byte("gpca-commit-v1\x00"))
	commitment.Write(extra[32:])
	commitment.Write(bytesOf)
	entry := append(extra[:32:32], commitment.Sum(nil)...)
	size, root := head(signed, vkey)
	must(tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry)))
}

func main() {
	checkTiles(os.Args[1], os.Args[2])
	checkProof(os.Args[1], os.Args[3], os.Args[4])
}
