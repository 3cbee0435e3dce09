(function(w,d,n){try{
var g=d.currentScript.dataset,F=w.fetch,T=Math.random().toString(36)+ +new Date,L=+g.t||1e4,N=0,D={},q="",o,
z=setInterval(function(){if(!d.hidden&&(L-=200)<=0)clearInterval(z),S("late","deadline",d.readyState+q)},200);
function S(e,k,m,f,l,c){try{
m=(m||"").slice(0,300);f=B(f);
var i=e+m+f+l;if(D[i]||N>4)return;D[i]=++N;
i=JSON.stringify({e:e,r:g.r,p:location.pathname,t:T,k:k,m:m,f:f,l:l,c:c,d:performance.now()|0,w:n.webdriver,
x:e=="late"&&!/\S/.test((d.body||0).innerText||"")});
F(g.u,{method:"POST",body:i,keepalive:!0,credentials:"omit",mode:"no-cors",referrerPolicy:"origin"})
["catch"](function(){})
}catch(x){try{n.sendBeacon(g.u,i)}catch(x){}}}
function B(u){return(u||"").split(/[?#]/)[0].slice(0,300)}
function K(k,m,f,l,c){q="; "+k+" "+m;S("fatal",k,m,f,l,c)}
function E(e){var t=e.target,f=t.src||t.href;
if(t==w)e.lineno||e.error?K("error",e.message,e.filename,e.lineno,e.colno):q="; "+e.message;
else if(t.text!=null&&f||/sheet|modulep/.test(t.rel))
t.async&&f.indexOf(location.origin)?q="; no "+B(f):K("resource","did not load",f)}
function R(e){e=e.reason;try{e=(e&&e.message||e)+""}catch(x){e="?"}K("rejection",e)}
function C(e){if(e.disposition!="report"&&/^script/.test(e.violatedDirective))
K("csp",e.violatedDirective+" blocked "+B(e.blockedURI),e.sourceFile,e.lineNumber,e.columnNumber)}
function H(){N||S("gone","","left"+q)}
function M(f){f+="EventListener";w[f]("error",E,!0);w[f]("unhandledrejection",R);w[f]("pagehide",H);
d[f]("securitypolicyviolation",C)}
w.__postflight=function(){o||(o=1,clearInterval(z),M("remove"),S("ok"))};
M("add")
}catch(e){}})(window,document,navigator)
