// The client of the vendor's platform, used as its documents show: connect, authenticate, print
// the first event that is pushed. One line of JSON for each step, for the test to read.
"use strict";

const signalR = require("@microsoft/signalr");

const [url, community, key, serverId, method] = process.argv.slice(2);

function print(step, value) {
  process.stdout.write(JSON.stringify({ step, value }) + "\n");
}

async function main() {
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(url, { transport: signalR.HttpTransportType.WebSockets, skipNegotiation: true })
    .configureLogging(signalR.LogLevel.None)
    .build();
  const pushed = new Promise((resolve, reject) => {
    connection.on("pushEvent", resolve);
    connection.onclose((error) => reject(error ?? new Error("closed")));
  });
  await connection.start();
  try {
    await connection.invoke("unitLocationOfNobody");
  } catch (error) {
    print("unknown", error.message);
  }
  const answer = await connection.invoke(method, community, key, Number(serverId));
  print("authenticated", answer);
  try {
    if (answer.success) print("pushed", await pushed);
  } catch (error) {
    print("closed", error.message);
  }
  pushed.catch(() => {}); // stopping closes the connection
  await connection.stop();
  print("stopped", connection.state);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
