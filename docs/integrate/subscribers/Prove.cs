// Proves that no record was lost: dotnet run HOST; Ctrl-C prints the result. Needs the package MQTTnet 5.
using System.Text.Json;
using MQTTnet;

var following = new Dictionary<(string node, int b), int>(); // the s that comes next
var missing = new SortedSet<(string node, int b, int s)>();
var twice = 0;

// All numbers below end are due; what has not come is missing until it comes.
void Expect((string node, int b) of, int end)
{
    for (; following[of] < end; following[of]++) missing.Add((of.node, of.b, following[of]));
}

var client = new MqttClientFactory().CreateMqttClient();
client.ApplicationMessageReceivedAsync += arrived =>
{
    var message = arrived.ApplicationMessage;
    if (message.Retain || message.Payload.IsEmpty) return Task.CompletedTask; // an old copy; the end of an alarm
    var level = message.Topic.Split('/', 5);
    var record = JsonDocument.Parse(message.Payload).RootElement;
    if (!record.TryGetProperty("b", out _)) return Task.CompletedTask; // a message to the lamppost, not one of it
    var of = (level[3], record.GetProperty("b").GetInt32());
    if (level[4] == "evt/boot" && record.GetProperty("last_b").ValueKind == JsonValueKind.Number)
    {
        var before = (level[3], record.GetProperty("last_b").GetInt32());
        if (following.ContainsKey(before)) Expect(before, record.GetProperty("last_s").GetInt32() + 1); // its end
    }
    if (record.GetProperty("s").ValueKind == JsonValueKind.Null) return Task.CompletedTask;
    var s = record.GetProperty("s").GetInt32();
    following.TryAdd(of, s);
    if (s >= following[of]) { Expect(of, s); following[of] = s + 1; }
    else if (!missing.Remove((of.Item1, of.Item2, s))) twice++; // removed: one that an alarm overtook
    return Task.CompletedTask;
};
await client.ConnectAsync(new MqttClientOptionsBuilder()
    .WithTcpServer(args[0]).WithClientId("prove").WithCleanSession(false).Build());
await client.SubscribeAsync("lamppost/v1/#", MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce);
var stop = new TaskCompletionSource();
Console.CancelKeyPress += (_, pressed) => { pressed.Cancel = true; stop.TrySetResult(); };
await stop.Task;
Console.WriteLine($"missing: {string.Join(", ", missing)} twice: {twice}");
