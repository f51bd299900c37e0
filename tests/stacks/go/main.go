// The call with Go's standard library: GET /TOKEN?XML=..., the same field posted, or the document as the body.
package main

import (
	"crypto/subtle"
	"encoding/xml"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

var messages = map[string]string{
	"004": "Source IP address blocked",
	"007": "Command not allowed",
	"008": "Connect API established",
	"009": "HTTP protocol not allowed, require HTTPS",
	"999": "Unknown error",
}

type value struct {
	ID   int    `xml:"callback_type_id"`
	Type string `xml:"callback_type"`
}

type envelope struct {
	XMLName     xml.Name `xml:"ClICKATELLSDK"`
	Action      string
	Result      string
	Error       string   `xml:",omitempty"`
	Description string   `xml:",omitempty"`
	Values      *[]value `xml:"Values>Value"`
	Timestamp   int64
}

var types = []value{{0, "HTTP GET"}, {1, "HTTP POST"}, {2, "XML POST"}, {3, "XML GET"}, {5, "SOAP GET"}, {6, "SOAP POST"}}

func answer(w http.ResponseWriter, failure string) {
	said := envelope{Action: "get_list_callback", Result: "Success", Timestamp: time.Now().Unix()}
	if failure == "" {
		said.Values = &types
	} else {
		said.Result, said.Error, said.Description = "Error", failure, messages[failure]
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, xml.Header)
	xml.NewEncoder(w).Encode(said)
}

// asksForTheList reads the whole document; nothing but the documented elements may be in it.
func asksForTheList(document string) bool {
	var path, text string
	call := false
	reader := xml.NewDecoder(strings.NewReader(document))
	for {
		token, err := reader.Token()
		if errors.Is(err, io.EOF) {
			return call
		}
		if err != nil {
			return false
		}
		switch part := token.(type) {
		case xml.StartElement:
			if call || len(part.Attr) > 0 || part.Name.Space != "" || strings.TrimSpace(text) != "" {
				return false
			}
			path, text = path+"/"+part.Name.Local, ""
		case xml.EndElement:
			if path == "/clickatellsdk/action" && text == "get_list_callback" {
				call = true
			} else if path != "/clickatellsdk" || strings.TrimSpace(text) != "" {
				return false
			}
			path, text = path[:strings.LastIndex(path, "/")], ""
		case xml.CharData:
			text += string(part)
		case xml.Directive:
			return false
		}
	}
}

func serve(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil {
		answer(w, "009")
		return
	}
	path := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/"), "/get_list_callback")
	if subtle.ConstantTimeCompare([]byte(path), []byte(os.Getenv("TOKEN"))) == 0 {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	state := r.Header.Get("X-Test-State")
	if _, known := messages[state]; known {
		answer(w, state)
		return
	}
	document := r.FormValue("XML")
	if document == "" {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		document = string(body)
	}
	if asksForTheList(document) {
		answer(w, "")
	} else {
		answer(w, "999")
	}
}

func main() {
	handler := http.HandlerFunc(serve)
	go func() {
		log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("HTTP_PORT"), handler))
	}()
	address := "127.0.0.1:" + os.Getenv("HTTPS_PORT")
	log.Fatal(http.ListenAndServeTLS(address, os.Getenv("CERT"), os.Getenv("KEY"), handler))
}
