package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hyperledger/aries-framework-go/pkg/client/didexchange"
	"github.com/hyperledger/aries-framework-go/pkg/client/messaging"
	"github.com/hyperledger/aries-framework-go/pkg/common/model"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/common/service"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/messaging/msghandler"
	protocol "github.com/hyperledger/aries-framework-go/pkg/didcomm/protocol/didexchange"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/transport"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/doc/jose/jwk/jwksupport"
	"github.com/hyperledger/aries-framework-go/pkg/framework/aries"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	ariescontext "github.com/hyperledger/aries-framework-go/pkg/framework/context"
	"github.com/hyperledger/aries-framework-go/pkg/kms"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver/ariesvdr"
)

// messageType is that of Aries RFC 0095, basic messages.
const messageType = "https://didcomm.org/basicmessage/1.0/message"

// agreementType is the kind of agreement keys. With P-256 Aries packs as DIDComm v2 says (ECDH-1PU+A256KW); with X25519, which
// is its default, it wraps keys in a way of its own (XC20PKW).
const agreementType = kms.NISTP256ECDHKWType

// An agent is one party: an Aries agent with an identifier of did:realdid.
type agent struct {
	name string
	did  string

	framework  *aries.Aries
	context    *ariescontext.Provider
	exchange   *didexchange.Client
	messages   *messaging.Client
	connected  chan string // ids of connections that are complete
	received   chan messaging.NotificationPayload
	envelopes  chan header
	generation int // of the agreement key
}

// newAgent starts an agent whose registry is the method m, and lets it accept whoever asks for a connection.
func newAgent(name string, m *realdid.Method) (*agent, error) {
	a := &agent{
		name: name, connected: make(chan string, 16), received: make(chan messaging.NotificationPayload, 16), envelopes: make(chan header, 64),
	}
	in, err := newInbox(a.envelopes)
	if err != nil {
		return nil, err
	}
	registry, err := ariesvdr.New(m, realdid.NewRegistrar(m), ariesvdr.NewKeyring(nil), nil)
	if err != nil {
		return nil, err
	}
	handlers := msghandler.NewRegistrar()
	if a.framework, err = aries.New(
		aries.WithVDR(registry),
		aries.WithInboundTransport(in),
		aries.WithMessageServiceProvider(handlers),
		aries.WithKeyAgreementType(agreementType),
		aries.WithMediaTypeProfiles([]string{transport.MediaTypeDIDCommV2Profile}),
	); err != nil {
		return nil, fmt.Errorf("ariesagents: %s: %w", name, err)
	}
	if err := a.clients(handlers); err != nil {
		a.framework.Close()
		return nil, fmt.Errorf("ariesagents: %s: %w", name, err)
	}
	return a, nil
}

func (a *agent) clients(handlers *msghandler.Registrar) (err error) {
	if a.context, err = a.framework.Context(); err != nil {
		return err
	}
	if a.exchange, err = didexchange.New(a.context); err != nil {
		return err
	}
	if a.messages, err = messaging.New(a.context, handlers, messaging.NewNotifier(a.received, nil)); err != nil {
		return err
	}
	if err := a.messages.RegisterService("basic-messages", messageType); err != nil {
		return err
	}
	actions, states := make(chan service.DIDCommAction), make(chan service.StateMsg, 16)
	if err := a.exchange.RegisterActionEvent(actions); err != nil {
		return err
	}
	if err := a.exchange.RegisterMsgEvent(states); err != nil {
		return err
	}
	go func() {
		for action := range actions {
			action.Continue(publicDID{a.did, a.name})
		}
	}()
	go func() {
		for s := range states {
			if e, ok := s.Properties.(didexchange.Event); ok && s.Type == service.PostState && s.StateID == protocol.StateIDCompleted {
				a.connected <- e.ConnectionID()
			}
		}
	}()
	return nil
}

// publicDID answers a request for a connection: with the registered identifier, not with one made for the occasion.
type publicDID struct{ did, label string }

func (p publicDID) PublicDID() string           { return p.did }
func (p publicDID) Label() string               { return p.label }
func (p publicDID) RouterConnections() []string { return nil }

func (a *agent) close() error { return a.framework.Close() }

// register makes keys in the agent's key manager and registers an identifier with them.
func (a *agent) register() error {
	_, raw, err := a.context.KMS().CreateAndExportPubKeyBytes(kms.ED25519Type)
	if err != nil {
		return fmt.Errorf("ariesagents: %s: signing key: %w", a.name, err)
	}
	sign := diddoc.NewVerificationMethodFromBytes("#sign", "Ed25519VerificationKey2018", "", raw)
	agree, err := a.agreementKey()
	if err != nil {
		return err
	}
	made, err := a.context.VDRegistry().Create(realdid.MethodName, &diddoc.Doc{
		Authentication: []diddoc.Verification{*diddoc.NewReferencedVerification(sign, diddoc.Authentication)},
		KeyAgreement:   []diddoc.Verification{*diddoc.NewReferencedVerification(agree, diddoc.KeyAgreement)},
		Service: []diddoc.Service{{
			Type: vdrapi.DIDCommV2ServiceType,
			ServiceEndpoint: model.NewDIDCommV2Endpoint([]model.DIDCommV2Endpoint{
				{URI: a.context.ServiceEndpoint(), Accept: []string{transport.MediaTypeDIDCommV2Profile}},
			}),
		}},
	})
	if err != nil {
		return fmt.Errorf("ariesagents: %s: register: %w", a.name, err)
	}
	a.did = made.DIDDocument.ID
	return nil
}

// agreementKey makes the next key.
func (a *agent) agreementKey() (*diddoc.VerificationMethod, error) {
	_, raw, err := a.context.KMS().CreateAndExportPubKeyBytes(agreementType)
	if err != nil {
		return nil, fmt.Errorf("ariesagents: %s: agreement key: %w", a.name, err)
	}
	jwk, err := jwksupport.PubKeyBytesToJWK(raw, agreementType)
	if err != nil {
		return nil, fmt.Errorf("ariesagents: %s: agreement key: %w", a.name, err)
	}
	a.generation++
	return diddoc.NewVerificationMethodFromJWK(fmt.Sprintf("#agree-%d", a.generation), "JsonWebKey2020", "", jwk)
}

// rotate replaces the agreement key in the document, and the control keys with it.
func (a *agent) rotate() error {
	now, err := a.context.VDRegistry().Resolve(a.did)
	if err != nil {
		return fmt.Errorf("ariesagents: %s: rotate: %w", a.name, err)
	}
	agree, err := a.agreementKey()
	if err != nil {
		return err
	}
	doc := now.DIDDocument
	doc.VerificationMethod = []diddoc.VerificationMethod{doc.Authentication[0].VerificationMethod}
	doc.KeyAgreement = []diddoc.Verification{*diddoc.NewReferencedVerification(agree, diddoc.KeyAgreement)}
	doc.Service[0].RecipientKeys = nil // follows from keyAgreement
	if err := a.context.VDRegistry().Update(doc, vdrapi.WithOption(ariesvdr.OptionRotate, true)); err != nil {
		return fmt.Errorf("ariesagents: %s: rotate: %w", a.name, err)
	}
	return nil
}

// connect asks the owner of an identifier for a connection (Aries RFC 0023) and waits until it is complete.
func (a *agent) connect(ctx context.Context, label, theirs string) (string, error) {
	id, err := a.exchange.CreateImplicitInvitationWithDID(&didexchange.DIDInfo{DID: theirs, Label: label}, &didexchange.DIDInfo{DID: a.did, Label: a.name})
	if err != nil {
		return "", fmt.Errorf("ariesagents: %s: connect: %w", a.name, err)
	}
	for {
		if done, err := a.complete(ctx); err != nil || done == id {
			return id, err
		}
	}
}

// complete waits for the next connection that is complete.
func (a *agent) complete(ctx context.Context) (string, error) {
	select {
	case id := <-a.connected:
		return id, nil
	case <-ctx.Done():
		return "", fmt.Errorf("ariesagents: %s: connect: %w", a.name, context.Cause(ctx))
	}
}

// send sends a text over a connection.
func (a *agent) send(connection, text string) error {
	msg, err := json.Marshal(map[string]string{"@type": messageType, "content": text})
	if err != nil {
		return err
	}
	if _, err := a.messages.Send(msg, messaging.SendByConnectionID(connection)); err != nil {
		return fmt.Errorf("ariesagents: %s: send: %w", a.name, err)
	}
	return nil
}

// forget drops the envelopes seen so far.
func (a *agent) forget() {
	for a.lastEnvelope() != (header{}) {
	}
}

// lastEnvelope returns the header of the next envelope seen, the zero header if there is none.
func (a *agent) lastEnvelope() header {
	select {
	case h := <-a.envelopes:
		return h
	default:
		return header{}
	}
}

// A letter is a message that arrived.
type letter struct {
	Mine    string `json:"mydid"`
	Theirs  string `json:"theirdid"`
	Message struct {
		Content string `json:"content"`
	} `json:"message"`
}

// receive waits for a message.
func (a *agent) receive(ctx context.Context) (letter, error) {
	var l letter
	select {
	case p := <-a.received:
		if err := json.Unmarshal(p.Raw, &l); err != nil {
			return l, fmt.Errorf("ariesagents: %s: receive: %w", a.name, err)
		}
		return l, nil
	case <-ctx.Done():
		return l, fmt.Errorf("ariesagents: %s: receive: %w", a.name, context.Cause(ctx))
	}
}
