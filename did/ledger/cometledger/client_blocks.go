package cometledger

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// Bounds of the WebSocket connection on which a node tells of blocks.
const (
	maxNotice   = 1 << 20          // bytes of a notice: a header and what goes with it
	silence     = 90 * time.Second // after which a connection is given up; a node pings every 27 seconds
	dialTimeout = 5 * time.Second
)

// listening keeps a connection on which the node that is asked first tells of every block. It begins when somebody first waits for one.
func (c *Client) listening() {
	select {
	case <-c.hints:
	case <-c.ctx.Done():
		return
	}
	for pause := firstPause; c.ctx.Err() == nil; pause = min(2*pause, lastPause) {
		if c.listen(c.at.Load()) {
			pause = firstPause
		}
		c.pause(c.ctx, pause)
	}
}

// listen tells everybody of the blocks of which the node at an endpoint tells, until the connection ends or another endpoint is asked first. It reports whether
// there was any.
func (c *Client) listen(at uint32) (told bool) {
	url := "ws" + strings.TrimPrefix(c.endpoints[at], "http") + "/websocket"
	dialer := websocket.Dialer{HandshakeTimeout: dialTimeout}
	conn, resp, err := dialer.DialContext(c.ctx, url, nil)
	if resp != nil && resp.Body != nil {
		resp.Body.Close()
	}
	if err != nil {
		return false
	}
	defer conn.Close()
	done := make(chan struct{})
	defer close(done)
	c.work.Go(func() { // ends the connection with the client, and when the client has turned to another node
		watch := time.NewTicker(lookEvery)
		defer watch.Stop()
		for c.at.Load() == at {
			select {
			case <-done:
				return
			case <-c.ctx.Done():
				conn.Close()
				return
			case <-watch.C:
			}
		}
		conn.Close()
	})
	conn.SetReadLimit(maxNotice)
	extend := func() error { return conn.SetReadDeadline(time.Now().Add(silence)) }
	conn.SetPingHandler(func(data string) error {
		if err := extend(); err != nil {
			return err
		}
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(dialTimeout))
	})
	subscribe := map[string]any{"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": map[string]any{"query": "tm.event='NewBlockHeader'"}}
	if conn.WriteJSON(subscribe) != nil || extend() != nil {
		return told
	}
	for {
		_, b, err := conn.ReadMessage()
		if err != nil || extend() != nil {
			return told
		}
		var w struct {
			Result struct {
				Query string `json:"query"`
			} `json:"result"`
			Error *rpcError `json:"error"`
		}
		if json.Unmarshal(b, &w) != nil || w.Error != nil {
			return told
		}
		told = true
		c.heard() // also of the answer to the subscription: there may have been blocks before
	}
}
