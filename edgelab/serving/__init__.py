"""A model in a web application: what a request meets on its way, one practice a module.

    edgelab serve                                   # the shipped CIFAR-10 model, on this machine only
    curl -F images=@cat.jpg http://127.0.0.1:8043/predict

The way of one request, and the module that each step is in. With every practice off, only the steps
without brackets remain:

    server         waitress takes the connection, receives the whole request, hands it to a thread
    application    a number, a language
    predict_routes the checks that the description promises
    admission      [is there room? then wait for a turn, else 503]
    payloads       the body → names and bytes, [within limits]
    versions       which model answers: the first, [or by the client's share of an A/B split]
    fall_back      [or a smaller one, when many wait]
    answer_cache   [the same image again? then its answer is known]
    preprocessing  bytes → upright RGB → the pixels that the network takes
    batching       [wait a moment for the images of others, and run together]
    engine         a free interpreter runs the network: logits → probabilities
    predict_routes the answer as JSON
    application    [a line in the log], the metrics

At its end the server [finishes what is under way]. `service` puts these parts together, in thirty lines:
start reading there. `configuration` says which practices are on, and with what numbers; `errors` what is
said when a request is refused, in two languages. `pages` is what people see; it asks the same addresses.

Visual search goes the same way up to the pixels, and then a way of its own:

    search_routes  POST /search, and small pictures by their number
    embedding      a quantized network makes a vector of the picture
    index          which vectors are nearest: `exact` up to some thousands, `graph` beyond
    indexing       how a folder of images becomes an index

`load_client` asks as many clients would, from another process. `naive` is the application of most tutorials, to compare
with. Lesson 43.
"""
