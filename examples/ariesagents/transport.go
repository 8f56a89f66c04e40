package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/hyperledger/aries-framework-go/pkg/didcomm/transport"
	arieshttp "github.com/hyperledger/aries-framework-go/pkg/didcomm/transport/http"
)

// maxEnvelope is the size of the largest message that an agent takes. Aries itself knows no limit.
const maxEnvelope = 1 << 20

// An inbox is the inbound transport of an agent: Aries' handler on a port that the system chooses, behind a limit and a look at
// the header of each envelope.
type inbox struct {
	listener net.Listener
	server   *http.Server
	seen     chan<- header
}

// A header is the protected header of an envelope: what anybody on the way can read.
type header struct {
	Algorithm  string `json:"alg"`
	Encryption string `json:"enc"`
	Recipient  string `json:"kid"`
	Sender     string `json:"skid"`
}

func newInbox(seen chan<- header) (*inbox, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("ariesagents: listen: %w", err)
	}
	return &inbox{listener: l, seen: seen}, nil
}

// Endpoint implements transport.InboundTransport.
func (i *inbox) Endpoint() string { return "http://" + i.listener.Addr().String() }

// Start implements transport.InboundTransport.
func (i *inbox) Start(p transport.Provider) error {
	agent, err := arieshttp.NewInboundHandler(p)
	if err != nil {
		return fmt.Errorf("ariesagents: inbox: %w", err)
	}
	i.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEnvelope))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if h, ok := readHeader(body); ok {
			select {
			case i.seen <- h:
			default: // nobody looks
			}
		}
		defer func() {
			if recover() != nil { // Aries panics over a recipient key that is not in the document
				http.Error(w, "not for us", http.StatusBadRequest)
			}
		}()
		agent.ServeHTTP(w, r)
	})}
	go i.server.Serve(i.listener) // ends when Stop closes the server
	return nil
}

// Stop implements transport.InboundTransport.
func (i *inbox) Stop() error {
	if i.server == nil {
		return i.listener.Close()
	}
	if err := i.server.Shutdown(context.Background()); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("ariesagents: inbox: %w", err)
	}
	return nil
}

// readHeader reads the protected header of a JWE with one recipient, as Aries packs it.
func readHeader(envelope []byte) (h header, ok bool) {
	first, _, compact := strings.Cut(string(envelope), ".")
	if !compact {
		var full struct {
			Protected string `json:"protected"`
		}
		if json.Unmarshal(envelope, &full) != nil {
			return h, false
		}
		first = full.Protected
	}
	b, err := base64.RawURLEncoding.DecodeString(first)
	return h, err == nil && json.Unmarshal(b, &h) == nil
}
