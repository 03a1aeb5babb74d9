// Proves that no record was lost: go run prove.go tcp://HOST:1883; Ctrl-C prints the result.
// Needs github.com/eclipse/paho.mqtt.golang 1.4 or newer.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strings"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

type boot struct {
	node string
	b    int
}
type record struct {
	B              int
	S              *int
	Last_b, Last_s *int
}

var following, missing, twice = map[boot]int{}, map[boot]map[int]bool{}, 0 // following: the s that comes next

// All numbers below end are due; what has not come is missing until it comes.
func expect(of boot, end int) {
	for ; following[of] < end; following[of]++ {
		if missing[of] == nil {
			missing[of] = map[int]bool{}
		}
		missing[of][following[of]] = true
	}
}

func received(_ mqtt.Client, message mqtt.Message) {
	var r record
	if message.Retained() || json.Unmarshal(message.Payload(), &r) != nil { // an old copy; the end of an alarm
		return
	}
	level := strings.SplitN(message.Topic(), "/", 5)
	of := boot{level[3], r.B}
	if level[4] == "evt/boot" && r.Last_b != nil {
		if _, known := following[boot{level[3], *r.Last_b}]; known {
			expect(boot{level[3], *r.Last_b}, *r.Last_s+1) // where the boot before ended
		}
	}
	if r.S == nil {
		return
	}
	if _, known := following[of]; !known {
		following[of] = *r.S
	}
	if *r.S >= following[of] {
		expect(of, *r.S)
		following[of] = *r.S + 1
	} else if missing[of][*r.S] { // one that an alarm overtook
		delete(missing[of], *r.S)
	} else {
		twice++
	}
}

func main() {
	options := mqtt.NewClientOptions().AddBroker(os.Args[1]).SetClientID("prove").SetCleanSession(false)
	options.SetOnConnectHandler(func(c mqtt.Client) { c.Subscribe("lamppost/v1/#", 1, received) })
	client := mqtt.NewClient(options)
	if token := client.Connect(); token.Wait() && token.Error() != nil {
		panic(token.Error())
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	<-stop
	client.Disconnect(100)
	fmt.Println("missing:", missing, "twice:", twice)
}
