package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/did/didcomm/didcommhttp"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/examples/sendfile/filetransfer"
	"github.com/realdid/realdid/keys"
)

// person is somebody with an identity and a computer.
type person struct {
	method *realdid.Method
	id     did.DID
	dir    string

	control, next *keys.PrivateKey // next is on paper
	secrets       didcomm.MemorySecrets
	agreement     keys.PublicKey
	rotations     int

	endpoint string
	server   *http.Server
	client   *didcommhttp.Client
	peer     *filetransfer.Peer
}

// newPerson makes an identity: a key to control it, one on paper to follow, one with which messages are encrypted, and an address.
func newPerson(ctx context.Context, m *realdid.Method, dir string) (*person, error) {
	p := &person{method: m, dir: dir, client: didcommhttp.NewClient(&didcommhttp.Options{InsecureLoopbackHTTP: true})}
	listener, err := p.listen()
	if err != nil {
		return nil, err
	}
	agreement, err := p.newKeys()
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	res, err := m.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(p.control.Public()), Next: realdid.SHA256.Commit(p.next.Public()), Document: p.document(),
	}, p.control)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	p.id = res.DID
	p.secrets.Add(p.key(), agreement)
	p.serve(listener)
	return p, nil
}

// newKeys puts the key from the paper into use, writes another on it, and makes the next agreement key.
func (p *person) newKeys() (agreement *keys.PrivateKey, err error) {
	if p.control = p.next; p.control == nil {
		if p.control, err = keys.Generate(keys.Ed25519); err != nil {
			return nil, err
		}
	}
	if p.next, err = keys.Generate(keys.Ed25519); err != nil {
		return nil, err
	}
	if agreement, err = keys.Generate(keys.X25519); err != nil {
		return nil, err
	}
	p.agreement = agreement.Public()
	p.rotations++
	return agreement, nil
}

func (p *person) fragment() string { return fmt.Sprint("agreement-", p.rotations) }

func (p *person) key() did.URL { return p.id.WithFragment(p.fragment()) }

func (p *person) document() realdid.Content {
	return realdid.Content{
		VerificationMethods: []realdid.VerificationMethod{{Fragment: p.fragment(), Key: p.agreement, Purposes: did.KeyAgreement}},
		Services: []realdid.Service{{
			Fragment: "inbox", Types: []string{didcomm.ServiceType},
			Endpoints: []realdid.Endpoint{{Properties: map[string]any{"uri": p.endpoint, "accept": []string{didcomm.Profile}}}},
		}},
	}
}

// rotate changes all keys at once. The secret of the old agreement key is forgotten: nobody can read with it what comes from now on.
func (p *person) rotate(ctx context.Context) error {
	old := p.key()
	agreement, err := p.newKeys()
	if err != nil {
		return err
	}
	doc := p.document()
	_, err = p.method.Rotate(ctx, p.id, &realdid.RotateRequest{
		Reveal: []keys.PublicKey{p.control.Public()}, Next: realdid.SHA256.Commit(p.next.Public()), Document: &doc,
	}, p.control)
	if err != nil {
		return err
	}
	p.secrets.Add(p.key(), agreement)
	p.secrets.Remove(old)
	p.peer.KeysChanged()
	return nil
}

func (p *person) listen() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		p.endpoint = fmt.Sprintf("http://%v/didcomm", l.Addr())
	}
	return l, err
}

// serve switches the computer on.
func (p *person) serve(l net.Listener) {
	peer := filetransfer.NewPeer(filetransfer.PeerConfig{DID: p.id, Resolver: p.method, Secrets: &p.secrets, Post: p.client})
	receive := func(ctx context.Context, packed []byte) error { return filetransfer.Final(peer.Handle(ctx, packed)) }
	mux := http.NewServeMux()
	mux.Handle("/didcomm", didcommhttp.NewHandler(receive, &didcommhttp.HandlerOptions{MaxSize: filetransfer.MaxMessage}))
	p.peer, p.server = peer, &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	server := p.server
	go func() { _ = server.Serve(l) }() // until it is closed
}

// move switches the computer on again, at another address, and publishes that.
func (p *person) move(ctx context.Context) error {
	l, err := p.listen()
	if err != nil {
		return err
	}
	if _, err := p.method.Update(ctx, p.id, p.document(), p.control); err != nil {
		return errors.Join(err, l.Close())
	}
	p.serve(l)
	return nil
}

// off cuts all connections.
func (p *person) off() {
	p.server.Close()
	p.client.Close()
}

func (p *person) folder(name string) string { return filepath.Join(p.dir, name) }
