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
	"slices"
	"strings"

	"github.com/hyperledger/aries-framework-go/pkg/didcomm/transport"
	arieshttp "github.com/hyperledger/aries-framework-go/pkg/didcomm/transport/http"
)

// maxEnvelope is the size of the largest message that an agent takes. Aries itself knows no limit.
const maxEnvelope = 1 << 20

// An inbox is the inbound transport of an agent: Aries' handler on a port that the system chooses, behind a limit and a check
// that each envelope proves its sender.
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
	agent, err := arieshttp.NewInboundHandler(authenticated{p})
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
		h, ok := readHeader(body)
		if !ok {
			http.Error(w, "not authenticated", http.StatusForbidden)
			return
		}
		select {
		case i.seen <- h:
		default: // nobody looks
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

// headerMembers are all that Aries writes in the header of an envelope.
var headerMembers = []string{"alg", "apu", "apv", "cty", "enc", "epk", "kid", "skid", "typ"}

// readHeader reads the protected header of an envelope as Aries packs it for one recipient, the compact serialization of a JWE.
// ok tells an envelope that only the owner of the sender's key can have made (ECDH-1PU). Aries itself goes by skid alone, which
// anybody can put into an anonymous envelope, and finds members without regard to case in one place and not in the other; so no
// form is let through that it could read otherwise.
func readHeader(envelope []byte) (h header, ok bool) {
	first, _, _ := strings.Cut(string(envelope), ".")
	b, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		return h, false
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(b, &members) != nil {
		return h, false
	}
	for name := range members {
		if !slices.Contains(headerMembers, name) {
			return h, false
		}
	}
	if json.Unmarshal(b, &h) != nil {
		return h, false
	}
	return h, strings.HasPrefix(h.Algorithm, "ECDH-1PU+") && h.Sender != ""
}

// authenticated is an agent that handles no message without a sender's key: Aries would take the sender from the message.
type authenticated struct{ transport.Provider }

var errNobody = errors.New("ariesagents: inbox: a message from nobody")

func (a authenticated) InboundMessageHandler() transport.InboundMessageHandler {
	handle := a.Provider.InboundMessageHandler()
	return func(e *transport.Envelope) error {
		if len(e.FromKey) == 0 {
			return errNobody
		}
		return handle(e)
	}
}
