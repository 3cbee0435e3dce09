// say tells the server what the page saw, in order.
function say(...words) {
  const call = new XMLHttpRequest();
  call.open('POST', '/log', false);
  call.send(words.join(' '));
}
