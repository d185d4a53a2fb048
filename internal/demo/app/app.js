const show = (id, text) => { document.getElementById(id).textContent = text; };
const page = document.getElementById("page").textContent;
async function ask() {
  const answer = await (await fetch("api/hello")).json();
  show("api", answer.release);
  show("greeting", answer.greeting);
}
ask();
console.log("page of release " + page + ", built for {{.Version}}");
