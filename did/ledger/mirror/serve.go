package mirror

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// NewFileHandler serves the files of a log by C2SP tlog-tiles, with the types and cache times that it wants: "checkpoint", which
// changes with every epoch, and tiles, which never do. open is [tlog.Store.OpenFile] or another that returns fs.ErrNotExist for a file that is not
// there and [proof.ErrInvalid] for a path that no log has. Files are not held in memory, however slowly a client reads.
func NewFileHandler(open func(path string) (io.ReadSeekCloser, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "not allowed", http.StatusMethodNotAllowed)
			return
		}
		path := strings.TrimPrefix(r.URL.Path, "/")
		f, err := open(path)
		h := w.Header()
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, proof.ErrInvalid):
			h.Set("Cache-Control", "no-store") // it may come
			http.Error(w, "not found", http.StatusNotFound)
			return
		case err != nil:
			h.Set("Cache-Control", "no-store")
			http.Error(w, "not readable", http.StatusInternalServerError)
			return
		case path == "checkpoint":
			h.Set("Content-Type", "text/plain; charset=utf-8")
			h.Set("Cache-Control", "no-cache")
		default:
			h.Set("Content-Type", "application/octet-stream")
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		defer f.Close()
		h.Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, "", time.Time{}, f)
	})
}

// serve joins the files of a log, at the root and below the hash of its origin as C2SP tlog-mirror has it, with add-checkpoint.
func serve(origin string, open func(string) (io.ReadSeekCloser, error), c witness.Cosigner, opt *witness.HandlerOptions) http.Handler {
	files := NewFileHandler(open)
	mux := http.NewServeMux()
	if c != nil {
		mux.Handle("/add-checkpoint", witness.NewHandler(c, opt))
	}
	own := "/" + hashOf(origin)
	mux.Handle(own+"/", http.StripPrefix(own, files))
	mux.Handle("/checkpoint", files)
	mux.Handle("/tile/", files)
	return mux
}

func hashOf(origin string) string {
	hash := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(hash[:])
}

func (m *Mirror) newHandler() http.Handler {
	var c witness.Cosigner
	if m.cosigner != nil {
		c = m
	}
	return serve(m.trust.Origin, m.store.OpenFile, c, m.opt.Cosigner.Handler)
}

// ServeHTTP serves the log's files and POST /add-checkpoint.
func (m *Mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }
